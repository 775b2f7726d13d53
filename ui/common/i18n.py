"""Translation (GNU gettext) and escaping of the pages' texts.

Every visible text goes through ``_``. The catalogues are in ``ui/locale``: ``scripts/words``
extracts all texts into ``messages.pot``; ``zh_CN/LC_MESSAGES`` and similar folders contain the
translations. The core marks its texts (``mnist_core.i18n.mark``); pages translate them when they
are displayed.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.common import session

LOCALE = Path(__file__).parents[1] / "locale"
DOMAIN = "messages"

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
#: A formatted number, which needs no escaping.
_NUMBER = re.compile(r"[-+]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?%?")
#: A character of zero width, which separates two characters invisibly.
JOINER = "\N{WORD JOINER}"
#: What Streamlit replaces after parsing Markdown, where a backslash has no effect: addresses,
#: shortcodes of icons and emoji, and arrows and dashes between spaces.
_REPLACED_LATER = re.compile(
    r"(?P<begin>://|www|@|:(?=[\w+-])|(?:(?<=\s)|^)[<>~-](?=[->=]))", re.IGNORECASE | re.MULTILINE
)
#: Four spaces at the beginning of a line would be code.
_INDENT = re.compile(r"(?<=\n)[ \t]+")


class Markdown(str):
    """A trusted text that Streamlit may render as Markdown.

    Values that :meth:`format` and :meth:`join` insert are escaped unless they are ``Markdown``
    too, because they may come from people or files. Concatenation and f-strings return a plain
    ``str``, which is not trusted.
    """

    __slots__ = ()

    def format(self, *values: object, **named: object) -> Markdown:
        """Fill the replacement fields; a plain ``str`` is escaped."""
        safe = {name: _shown(value) for name, value in named.items()}
        return Markdown(super().format(*map(_shown, values), **safe))

    def join(self, parts: Iterable[str]) -> Markdown:
        """Join texts; a plain ``str`` is escaped."""
        return Markdown(super().join(map(str, map(_shown, parts))))

    def plain(self, *values: object, **named: object) -> str:
        """Fill the replacement fields without escaping, for charts, options of a list and HTML."""
        return str(self).format(*values, **named)


def table(rows: Sequence[Sequence[str]], *, left: int | None = None) -> Markdown:
    """Return a Markdown table; ``st.table`` would load pandas, which delays the first page.

    Args:
        rows: The header and the rows. Cells that are not :class:`Markdown` are escaped.
        left: Number of left-aligned columns, the others are right-aligned; None for all.
    """
    columns = len(rows[0])
    left = columns if left is None else left
    rule = [Markdown("---")] * left + [Markdown("---:")] * (columns - left)
    bar = Markdown(" | ")
    return Markdown("\n").join(
        Markdown("| {cells} |").format(cells=bar.join(row)) for row in [rows[0], rule, *rows[1:]]
    )


def _shown(value: object) -> object:
    if isinstance(value, Markdown | int | float) or _NUMBER.fullmatch(str(value)):
        return value
    return escaped(str(value))


def escaped(text: str) -> Markdown:
    """Return Markdown that displays a text from people or files literally.

    Nothing in the text becomes a format, HTML, a formula, a link, an icon, an emoji or an arrow.
    """
    separated = _REPLACED_LATER.sub(rf"\g<begin>{JOINER}", _INDENT.sub("", text))
    return Markdown(_PUNCTUATION.sub(r"\\\g<0>", separated))


def _(text: str) -> Markdown:
    """Translate a text into the language of this session."""
    return Markdown(translated(text))


def ngettext(one: str, many: str, count: int) -> Markdown:
    """Translate a text that depends on a number: "1 run", "2 runs"."""
    return Markdown(catalogue(language()).ngettext(one, many, count))


def translated(text: str) -> str:
    """Translate a text to a plain ``str``, for charts and other uses without Markdown."""
    # gettext returns the header of the catalogue for an empty text.
    return catalogue(language()).gettext(text) if text else ""


def language() -> str:
    """Return the language code of this session; the default outside a session."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return session.DEFAULT_LANGUAGE
    return session.language()


@cache
def catalogue(code: str) -> gettext.NullTranslations:
    """Load the catalogue of a language, once; texts stay English if there is none."""
    return gettext.translation(DOMAIN, LOCALE, [code], fallback=True)
