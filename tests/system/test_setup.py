"""scripts/run and scripts/setup, run for real in a small checkout of their own.

The checkout has the project's scripts, an empty list of packages (so that no test needs a
network) and a stand-in for Streamlit that says what it was started with.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
STREAMLIT = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("stopped", flush=True), sys.exit(0)))
print("pid", os.getpid(), "in", os.getcwd(), "home", os.environ.get("MNIST_LAB_HOME"))
print("started", *sys.argv[1:], flush=True)
if "--wait" in sys.argv:
    time.sleep(600)
"""

# Of Unix only, as the scripts are: on Windows this file is left out.
resource = pytest.importorskip("resource", reason="the scripts are for Bash")


def run(*command: str | Path, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=PATIENCE, **options
    )


def fake_python(folder: Path, name: str, version: str) -> None:
    """A program that says it is Python ``version``, like a real one asked by scripts/setup."""
    program = folder / name
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout that has been set up once, over a .venv that was cut short before pip was in."""
    root = tmp_path_factory.mktemp("a checkout")  # the space is meant
    shutil.copytree(ROOT / "scripts", root / "scripts")
    shutil.copytree(ROOT / ".streamlit", root / ".streamlit")
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        (root / name).write_text("# nothing\n")
    (root / "streamlit.py").write_text(STREAMLIT)
    run(sys.executable, "-m", "venv", "--without-pip", root / ".venv", check=True)
    first = run(root / "scripts/setup", env=os.environ | {"MNIST_LAB_PYTHON": sys.executable})
    assert first.returncode == 0, first.stderr
    assert "Creating .venv" in first.stderr
    assert "Installing the packages" in first.stderr
    return root


@pytest.fixture
def taken_port():
    with socket.socket() as server:
        server.bind(("localhost", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as server:
        server.bind(("localhost", 0))
        return server.getsockname()[1]


def test_the_second_start_installs_nothing_and_is_quick(checkout: Path, free_port: int) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = run(checkout / "scripts/run", "--port", str(free_port))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    # A third of a second, usually; pip alone would take longer to look at its packages. Computing
    # time: how long it took by the clock says how busy the machine is.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2


def test_an_install_that_was_cut_short_is_done_again(checkout: Path) -> None:
    (checkout / ".venv/.installed-requirements.txt").unlink()
    result = run(checkout / "scripts/setup")
    assert result.returncode == 0
    assert "Installing the packages" in result.stderr
    assert "Creating .venv" not in result.stderr


def test_a_changed_pin_is_installed(checkout: Path) -> None:
    with (checkout / "requirements.txt").open("a") as file:
        file.write("# changed\n")
    assert "Installing the packages" in run(checkout / "scripts/setup").stderr
    assert run(checkout / "scripts/setup").stderr == ""


def test_an_install_that_fails_says_so_and_leaves_no_mark(checkout: Path) -> None:
    good = (checkout / "requirements.txt").read_text()
    try:
        (checkout / "requirements.txt").write_text("no-such-package @ file:///nowhere\n")
        result = run(checkout / "scripts/run")
    finally:
        (checkout / "requirements.txt").write_text(good)
    assert result.returncode == 1
    assert "Could not install the packages" in result.stderr
    assert not (checkout / ".venv/.installed-requirements.txt").exists()
    assert run(checkout / "scripts/setup").returncode == 0


def test_starts_from_any_folder_with_all_that_it_was_given(
    checkout: Path, free_port: int, tmp_path: Path
) -> None:
    result = run(
        *(checkout / "scripts/run", "--port", str(free_port), "--server.baseUrlPath", "lab"),
        cwd=tmp_path,
        env=os.environ | {"MNIST_LAB_HOME": "mine"},
    )
    assert f"in {checkout} home {tmp_path}/mine" in result.stdout
    assert (
        f"started run {checkout}/app.py --server.address=localhost --server.port={free_port} "
        "--server.baseUrlPath lab"
    ) in result.stdout


@pytest.mark.parametrize("option", ["--port={}", "--server.port={}"])
def test_the_port_on_the_command_line_wins(checkout: Path, free_port: int, option: str) -> None:
    result = run(
        checkout / "scripts/run",
        option.format(free_port),
        env=os.environ | {"MNIST_LAB_PORT": "nonsense"},
    )
    assert f"--server.port={free_port}" in result.stdout


def test_a_class_is_told_an_address_without_asking_the_internet(
    checkout: Path, free_port: int
) -> None:
    result = run(checkout / "scripts/run", "--server.address", "0.0.0.0", "--port", str(free_port))
    assert "--browser.serverAddress=" in result.stdout


def test_the_port_can_come_from_the_environment(checkout: Path, free_port: int) -> None:
    result = run(checkout / "scripts/run", env=os.environ | {"MNIST_LAB_PORT": str(free_port)})
    assert f"--server.port={free_port}" in result.stdout


def test_a_port_in_use_is_one_sentence_and_starts_nothing(checkout: Path, taken_port: int) -> None:
    result = run(checkout / "scripts/run", "--port", str(taken_port))
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith(f"Port {taken_port} is in use")
    other = re.search(r"scripts/run --port (\d+)$", result.stderr)
    assert other
    assert int(other[1]) > taken_port


@pytest.mark.parametrize("port", ["-1", "65536", "http", ""])
def test_a_port_that_is_none_is_one_sentence(checkout: Path, port: str) -> None:
    result = run(checkout / "scripts/run", f"--port={port}")
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert "0 to 65535" in result.stderr


def test_an_address_of_another_machine_is_one_sentence(checkout: Path) -> None:
    result = run(checkout / "scripts/run", "--server.address", "192.0.2.1", "--port=0")
    assert result.returncode == 2
    assert "192.0.2.1" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_signal_reaches_the_server(checkout: Path) -> None:
    with subprocess.Popen(
        [checkout / "scripts/run", "--port=0", "--wait"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert f"pid {process.pid} in" in process.stdout.readline()
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "stopped\n"
        assert process.wait(timeout=PATIENCE) == 0


@pytest.mark.parametrize(
    ("pythons", "found"),
    [
        ({}, "Found no Python on the PATH"),
        ({"python3": "3.10.13"}, "Found Python 3.10.13 (python3)"),
        ({"python3": "3.14.0", "python": "2.7.18"}, "Found Python 3.14.0 (python3), Python 2.7.18"),
    ],
)
def test_without_a_fitting_python_it_says_what_it_found_and_needs(
    tmp_path: Path, pythons: dict[str, str], found: str
) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "dirname", "cat"):
        (programs / name).symlink_to(str(shutil.which(name)))
    for name, version in pythons.items():
        fake_python(programs, name, version)
    result = run("bash", tmp_path / "scripts/run", env={"PATH": str(programs)})
    assert result.returncode == 2
    assert result.stderr.startswith(found)
    assert "needs Python 3.11, 3.12 or 3.13" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / ".venv").exists()
