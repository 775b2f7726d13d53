"""Exported scripts and notebooks, imported as a module or run without the lab."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import keras
import nbformat

ROOT = Path(__file__).resolve().parents[1]


def module_of(file: Path) -> ModuleType:
    """Import a script as a module; it must import nothing of the lab."""
    assert "mnist_core" not in file.read_text("utf-8")
    spec = spec_from_file_location("exported", file)
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def described(model: keras.Model) -> list[tuple[str, dict]]:
    """Return a model's layers with their settings, without generated names."""
    layers = [(type(layer).__name__, layer.get_config()) for layer in model.layers]
    for _kind, config in layers:
        config.pop("name")
    return [("", {"name": model.name, "input": model.input_shape}), *layers]


#: Runs a script and prints its peak memory. -I ignores the folder and PYTHONPATH, and so the lab.
RUNNER = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-I", *sys.argv[1:]])
print("Peak:", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, "kB")
sys.exit(done.returncode)
"""


def run_script(file: Path, *words: str, **variables: str) -> str:
    """Run a script with arguments and variables; return its output, with "Peak: … kB"."""
    return _run(file, "-c", RUNNER, file.name, *words, **variables)


def run_notebook(file: Path, **variables: str) -> str:
    """Run a notebook with Jupyter's own runner, and return its output."""
    runner = "from nbclient.cli import main; main()"
    _run(file, "-c", runner, "--inplace", file.name, **variables)
    cells = nbformat.read(file, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    return "".join(output.text for output in outputs if output.get("name") == "stdout")


def clean_environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return kept | {"TF_CPP_MIN_LOG_LEVEL": "3"}


def _run(file: Path, *arguments: str, **variables: str) -> str:
    """Run Python in a file's folder, without the lab in its environment."""
    done = subprocess.run(
        [sys.executable, "-I", *arguments],
        cwd=file.parent,
        env=clean_environment() | variables,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_clean_code(folder: Path) -> None:
    """Assert that the code in a folder passes the lab's own rules, except that it may print."""
    for command in (("check", "--ignore", "T20"), ("format", "--check")):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--config=pyproject.toml", str(folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
