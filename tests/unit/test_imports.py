"""What import-linter cannot tell: what is loaded in fact, what workers are asked for by name.

Who may import what is said by the contracts in pyproject.toml.
"""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ("app.py", "ui/app/dashboard.py", "pages")
"""Streamlit runs these: importing one would run it, so only its import lines are taken."""


def sources(*places: str) -> list[Path]:
    files = []
    for place in map(ROOT.joinpath, places):
        files += sorted(place.rglob("*.py")) if place.is_dir() else [place]
    return [file for file in files if file.exists()]


def module_name(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def import_lines(file: Path) -> list[str]:
    """The imports that run when ``file`` does: all but those inside functions and type checks."""
    lines = []
    todo: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            lines.append(ast.unparse(node))
        todo += ast.iter_child_nodes(node)
    return [line for line in lines if "__future__" not in line]


def first_to_load(unwanted: tuple[str, ...], lines: list[str]) -> str:
    """Run import lines one after another in a new Python.

    Returns the first one after which an unwanted module is loaded, or nothing.
    """
    program = f"""
import sys
for line in {list(dict.fromkeys(lines))!r}:
    exec(line)
    loaded = [name for name in {unwanted!r} if name in sys.modules]
    if loaded:
        print("after", repr(line), "there is", *loaded)
        break
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_scripts_that_streamlit_runs_load_no_machine_learning() -> None:
    lines = [line for file in sources(*SCRIPTS) for line in import_lines(file)]
    assert first_to_load(("tensorflow", "keras", "sklearn"), lines) == ""


@pytest.mark.parametrize(
    ("line", "unwanted"),
    [
        ("import mnist_core.workers.engine", ("distributed", "tensorflow")),
        ("from mnist_core.cli import main; main(['list'])", ("sqlalchemy", "tensorflow")),
    ],
)
def test_what_has_to_start_quickly_loads_little(line: str, unwanted: tuple[str, ...]) -> None:
    assert "there is" not in first_to_load(unwanted, [line])


def functions_by_name() -> list[str]:
    """The names by which workers are asked for functions, "module:function"."""
    texts = [file.read_text(encoding="utf-8") for file in sources("mnist_core", "ui", "pages")]
    return sorted(
        {name for text in texts for name in re.findall(r'"(mnist_core[\w.]+:\w+)"', text)}
    )


@pytest.mark.parametrize("name", functions_by_name())
def test_a_function_that_workers_are_asked_for_is_there(name: str) -> None:
    module, _, function = name.partition(":")
    file = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def pinned(*names: str) -> set[str]:
    text = "".join((ROOT / name).read_text("utf-8") for name in names)
    found = re.finditer(r"^([A-Za-z][\w.-]*)(\[\w+\])?==", text, re.MULTILINE)
    return {normal(match[1]) for match in found}


def normal(distribution: str) -> str:
    """The name as package indexes compare it: ``SQLAlchemy`` is ``sqlalchemy``."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def imported_packages(file: Path) -> set[str]:
    """The top-level names of all imports in a file, also of those inside functions."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(str(node.module))
    return {name.partition(".")[0] for name in names}


def unknown(name: str) -> list[str]:
    """The distribution of a package that is not installed: a peer of the benchmarks may not be."""
    return ["scikit-learn"] if name == "sklearn" else [name]


def test_a_worker_that_runs_the_dashboard_as_its_main_script_draws_nothing() -> None:
    """After a page was shown, `multiprocessing` takes the dashboard for the main script."""
    script = "import runpy, sys; runpy.run_path('ui/app/dashboard.py', run_name='__mp_main__');"
    script += "print('streamlit' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("places", "lists"),
    [
        (("app.py", "mnist_core", "ui", "pages", "scripts/serve.py"), ("requirements.txt",)),
        (("scripts", "tests"), ("requirements.txt", "requirements-dev.txt")),
        (
            ("benchmarks",),
            ("requirements.txt", "requirements-dev.txt", "benchmarks/requirements.txt"),
        ),
    ],
)
def test_what_is_imported_is_pinned(places: tuple[str, ...], lists: tuple[str, ...]) -> None:
    """A package that only happens to be there, because another one needs it, is not."""
    distributions = importlib.metadata.packages_distributions()
    files = sources(*places)
    ours = {path.stem for path in ROOT.iterdir()} | {file.stem for file in files}
    missing = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in files
        for name in imported_packages(file) - ours - sys.stdlib_module_names
        if not {normal(owner) for owner in distributions.get(name, unknown(name))} & pinned(*lists)
    }
    assert not missing


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "constraints.txt"])
def test_every_package_is_pinned_and_from_no_address(name: str) -> None:
    # ASCII: an older pip reads the file in the encoding of the system, which may be any.
    for line in (ROOT / name).read_text(encoding="ascii").splitlines():
        if line and not line.startswith(("#", "-c ", "-r ")):
            assert re.fullmatch(r"[A-Za-z][\w.-]*(\[\w+\])?==[\w.]+", line)
