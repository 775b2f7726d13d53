"""The pure parts of the live chart's JavaScript, tested under Node where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "javascript"
#: The oldest Node with the timers of ``node:test``.
OLDEST = 20


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.test.mjs")), ids=lambda path: path.stem)
def test_the_chart_s_scripts_pass_their_own_tests(file):
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"v(\d+)", version)
    if found is None or int(found[1]) < OLDEST:
        pytest.skip(f"Node {version.strip()} is older than {OLDEST}")
    run = subprocess.run([node, "--test", file], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"^\D*pass [1-9]", run.stdout, re.MULTILINE), run.stdout
