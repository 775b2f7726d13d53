"""Every key of the session and of a widget stands in ``ui/common/session.py`` and nowhere else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ui.common import session
from ui.common.setting_labels import FIELDS

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in ("pages", "ui")
    for path in (ROOT / folder).rglob("*.py")
    if path.name != "session.py"
)


def key_values(tree: ast.AST) -> Iterator[ast.expr]:
    """What is given as ``key``: in calls, and as a function's default."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "key":
            yield node.value
        if isinstance(node, ast.arguments):
            plain = [*node.posonlyargs, *node.args]
            defaults = [*zip(plain[::-1], node.defaults[::-1], strict=False)]
            defaults += zip(node.kwonlyargs, node.kw_defaults, strict=True)
            yield from (value for name, value in defaults if name.arg == "key" and value)


def literals(source: str) -> list[str]:
    """The texts in a source that are keys, and its uses of the session itself."""
    tree = ast.parse(source)
    found = [
        ast.unparse(value)
        for value in key_values(tree)
        if any(isinstance(p, ast.Constant) and isinstance(p.value, str) for p in ast.walk(value))
    ]
    names = (node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return found + [name for name in names if name == "session_state"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_key_is_spelled_out(path: Path) -> None:
    assert literals(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        'st.button("Go", key="go")',
        'st.button("Go", key=f"go-{run}")',
        'st.button("Go", key="go" if ready else state.WAIT)',
        'def draw(text, key: str = "go"): ...',
        'def draw(*, key="go"): ...',
        'st.session_state["go"] = 1',
    ],
)
def test_a_key_that_is_spelled_out_is_found(source: str) -> None:
    assert len(literals(source)) == 1


def test_no_two_keys_are_the_same() -> None:
    values = [value for name, value in vars(session).items() if name.isupper()]
    keys = [value.key if isinstance(value, session.Entry) else value for value in values]
    texts = [key for key in keys if isinstance(key, str)]
    texts.remove(session.DEFAULT_LANGUAGE)
    texts.remove(session.FIRST_PRESET)
    texts += [session.field(name).key for name in FIELDS]
    assert len(set(texts)) == len(texts)
