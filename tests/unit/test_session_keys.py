"""Every key of the session and of a widget stands beside its page, and no two are the same.

The keys of one page stand in ``ui/<page>/keys.py``, the shared ones in ``ui/common/session.py``.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from ui.common import session
from ui.common.setting_labels import FIELDS

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in ("pages", "ui")
    for path in (ROOT / folder).rglob("*.py")
    if path.name not in ("keys.py", "session.py")
)
ROOMS = sorted(path.parent.name for path in (ROOT / "ui").glob("*/keys.py"))


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


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
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


def assigned_names(module: ModuleType) -> list[str]:
    """The names of the keys in a module, without those that it imports."""
    targets = [
        node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
    ]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    no_keys = ("DEFAULT_LANGUAGE", "FIRST_PRESET")
    return [name for name in names if name.isupper() and name not in no_keys]


def test_no_two_keys_are_the_same() -> None:
    modules = [session, *(import_module(f"ui.{room}.keys") for room in ROOMS)]
    assert len(modules) > 10
    values = [getattr(module, name) for module in modules for name in assigned_names(module)]
    texts = [value.key if isinstance(value, session.Entry) else value for value in values]
    texts += [session.field(name).key for name in FIELDS]
    assert len(set(texts)) == len(texts)
