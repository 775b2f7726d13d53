"""Attributions as HTML: a text with its words coloured by their effect, and a list with bars.

Colour is never the only cue: each coloured word shows its number as a tooltip, and the list has
the numbers too.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mnist_core.inference.answers import TextAnswer, WordPush
from mnist_core.tasks.text_data import plain_word, split_words
from ui.common.formatting import probability
from ui.common.i18n import _

#: Strongest colour, in percent, on which a word is legible on a light and on a dark page.
STRONGEST = 55
#: Effects below this share of the largest have no colour.
FAINT = 0.04


def coloured(text: str, answer: TextAnswer) -> str:
    """The text as it was typed, words for the class in blue, words against it in red."""
    pushes = {push.word: push for push in answer.pushes}
    largest = max((abs(push.push) for push in answer.pushes), default=0.0) or 1.0
    found = []
    for between, word in split_words(text):
        found.append(escape(between))
        if word:
            found.append(_word(word, pushes.get(plain_word(word)), largest))
    return f'<div class="lab-text">{"".join(found)}</div>'


def _word(word: str, push: WordPush | None, largest: float) -> str:
    if push is None:
        title = escape(_("not in the vocabulary"))
        return f'<span class="unknown" title="{title}">{escape(word)}</span>'
    share = abs(push.push) / largest
    if share < FAINT:
        return escape(word)
    sort = "for" if push.push > 0 else "against"
    title = _("log-odds {push}; probability without it {share}").plain(
        push=f"{push.push:+.2f}", share=probability(push.without)
    )
    return (
        f'<span class="{sort}" style="--strength:{STRONGEST * share:.0f}%" '
        f'title="{escape(title)}">{escape(word)}</span>'
    )


def push_list(rows: Sequence[tuple[str, float, str, str]], alt: str) -> str:
    """Names with a bar to the right (for) or to the left (against) and a number.

    Args:
        rows: Name, effect, effect as text, and a remark.
        alt: Text alternative of the list.
    """
    largest = max((abs(push) for _name, push, _figure, _more in rows), default=0.0) or 1.0
    lines = []
    for name, push, figure, more in rows:
        sort = "for" if push > 0 else "against"
        width = 50 * abs(push) / largest
        left = 50 if push > 0 else 50 - width
        lines.append(
            f'<div class="row"><span class="name">{escape(name)}</span><span class="track">'
            f'<span class="{sort}" style="left:{left:.1f}%;width:{width:.1f}%"></span></span>'
            f"<span>{escape(figure)}</span>"
            + (f'<span class="more">{escape(more)}</span>' if more else "")
            + "</div>"
        )
    return f'<div class="lab-pushes" role="group" aria-label="{escape(alt)}">{"".join(lines)}</div>'
