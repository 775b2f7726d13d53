"""Texts from people, on their way to Streamlit: shown as they are, whatever they say."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ui.common.i18n import JOINER, Markdown, escaped, table

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})
#: What Streamlit makes links, emoji, icons, arrows of, once the Markdown is read.
READ_LATER = re.compile(
    r"(https?://|www(?=\.))[-.\w]+|[-.\w+]+@[-\w]+(\.[-\w]+)+"
    r"|:material/\w+:|:streamlit:|:[\w+-]+:"
    r"|(^|\s)(<->|->|<-|--|>=|<=|~=)(\s|$)",
    re.IGNORECASE,
)
SIGNS = st.sampled_from(
    [
        *"\\`*_{}[]()#+-.!|~$:<>=&;@/\"' 1aZ数",
        *("www.a.example", "https://", "me@host.example", ":material/home:", ":red[", ":+1:"),
        *("->", " <- ", "--", "<b>", "&copy;", "![a](", "$x$"),
    ]
)


@given(st.lists(SIGNS, max_size=12).map("".join))
@example(":material/home: -> <- <-> -- >= <= ~= :sunglasses: www.host.example/a me@host.example")
@example("[a](https://host.example) ![a](//host.example/a.png) <script>1</script> &lt; $x$ :red[a]")
def test_a_text_is_shown_as_it_is(text: str) -> None:
    one_line = " ".join(text.split())
    (_open, inline, _close) = MARKDOWN.parse(Markdown("a **{text}** b").format(text=one_line))
    shown = "".join(token.content for token in inline.children if token.type != "strong_open")
    kinds = {token.type for token in inline.children}
    assert kinds <= {"text", "text_special", "strong_open", "strong_close"}
    assert not READ_LATER.search(shown.removeprefix("a ").removesuffix(" b"))
    assert shown.replace(JOINER, "").replace("**", "") == f"a {one_line} b".replace("**", "")


def test_only_a_text_of_the_lab_s_own_keeps_its_formats() -> None:
    own, foreign = Markdown("**own**"), "**foreign**"
    safe = escaped(foreign)
    assert (
        Markdown("{a}, {b:.1%}, {c}").format(a=own, b=0.5, c=foreign) == f"**own**, 50.0%, {safe}"
    )
    assert Markdown(" · ").join([own, foreign]) == f"**own** · {safe}"
    assert not any(isinstance(text, Markdown) for text in (own + foreign, foreign + own, f"{own}"))
    assert table([("a|b", own), (foreign, "1,234.5")], left=1) == (
        f"| {escaped('a|b')} | **own** |\n| --- | ---: |\n| {safe} | 1,234.5 |"
    )
    assert Markdown("{name}.png").plain(name="a_b") == "a_b.png"


@given(st.lists(SIGNS | st.just("\n    "), max_size=8).map("".join))
def test_no_line_becomes_a_heading_a_list_a_table_or_code(text: str) -> None:
    kinds = {token.type for token in MARKDOWN.parse(f"a {escaped(text)}")}
    assert kinds <= {"paragraph_open", "paragraph_close", "inline"}
