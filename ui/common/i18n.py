"""The words of the pages, in the reader's language.

Every visible word goes through ``_``. The catalogues are GNU gettext's, in ``ui/locale``:
``messages.pot`` holds all words (``scripts/words`` collects them), ``zh_CN/LC_MESSAGES`` and the
like a translation each. The words of the core are marked there (``mnist_core.i18n.mark``) and
translated here, at the moment when they are shown.
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
#: A number as the pages write it needs no escaping.
_NUMBER = re.compile(r"[-+]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?%?")
#: It has no width, and parts two signs without parting them for a reader.
JOINER = "\N{WORD JOINER}"
#: What Streamlit looks for in a text after its Markdown is read, so that no backslash keeps it
#: back: addresses, shortcodes of icons and emoji, and arrows and dashes between spaces.
_READ_LATER = re.compile(
    r"(?P<begin>://|www|@|:(?=[\w+-])|(?:(?<=\s)|^)[<>~-](?=[->=]))", re.IGNORECASE | re.MULTILINE
)
#: Four spaces at the beginning of a line would be code.
_INDENT = re.compile(r"(?<=\n)[ \t]+")


class Markdown(str):
    """A text of the lab's own, which Streamlit may read as Markdown.

    What is filled into its places is not: it may be a name that a person gave or a file brought
    along, and is shown as it is. Only another text of this type keeps its formats. Texts are put
    together with :meth:`format` and :meth:`join`: a sum, or an f-string, is no longer marked.
    """

    __slots__ = ()

    def format(self, *values: object, **named: object) -> Markdown:
        """Fill the places; texts of any other type are escaped."""
        safe = {name: _shown(value) for name, value in named.items()}
        return Markdown(super().format(*map(_shown, values), **safe))

    def join(self, parts: Iterable[str]) -> Markdown:
        """Put texts together; those of any other type are escaped."""
        return Markdown(super().join(map(str, map(_shown, parts))))

    def plain(self, *values: object, **named: object) -> str:
        """Fill the places for a reader of plain text: a chart, an option of a list, HTML."""
        return str(self).format(*values, **named)


def table(rows: Sequence[Sequence[str]], *, left: int | None = None) -> Markdown:
    """A table in Markdown; st.table would load pandas, for which a first visitor would wait.

    Args:
        rows: The first one is its head. Cells that are no :class:`Markdown` are escaped.
        left: So many columns are aligned to the left, the others to the right; None for all.
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
    """A text that a person wrote, or a file brought along, as Markdown that shows it as it is.

    Every such text goes through here on its way to Streamlit: none of it becomes a format, HTML,
    a formula, a link, an icon, an emoji or an arrow.
    """
    apart = _READ_LATER.sub(rf"\g<begin>{JOINER}", _INDENT.sub("", text))
    return Markdown(_PUNCTUATION.sub(r"\\\g<0>", apart))


def _(text: str) -> Markdown:
    """Translate a text for the reader of this session."""
    return Markdown(translated(text))


def ngettext(one: str, many: str, count: int) -> Markdown:
    """Translate a text that depends on a number: "1 run", "2 runs"."""
    return Markdown(catalogue(language()).ngettext(one, many, count))


def translated(text: str) -> str:
    """The same as plain text, for charts and other places that read no Markdown."""
    # The empty text is a catalogue's own title page to gettext.
    return catalogue(language()).gettext(text) if text else ""


def language() -> str:
    """Code of the reader's language; the default outside of a browser session."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return session.DEFAULT_LANGUAGE
    return session.language()


@cache
def catalogue(code: str) -> gettext.NullTranslations:
    """The words of a language, read once; where there is no catalogue the words stay English."""
    return gettext.translation(DOMAIN, LOCALE, [code], fallback=True)
