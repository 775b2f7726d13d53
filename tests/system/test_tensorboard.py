"""Three real trainings, shown by the ``tensorboard`` command as anybody would start it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.runs.queue import Lease
from mnist_core.training.job import train
from tests.waiting import PATIENCE, until

CONFIG = TrainingConfig(train_size=60, validation_size=30, epochs=5, histograms="on")
CONFIGS = {
    "slow": CONFIG,
    "fast": replace(CONFIG, learning_rate=0.1),
    "other": replace(CONFIG, architecture="softmax", optimizer="adam", learning_rate=0.001),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store(tmp_path_factory.mktemp("home"))
    yield opened
    opened.database.close()


@pytest.fixture(scope="module")
def runs(store: Store) -> dict[str, Run]:
    """By what TensorBoard calls them."""
    found = {}
    for name, config in CONFIGS.items():
        run = store.create(config, name=name, lease_token="mine")
        train(store, Lease(run.id, "mine"), gives_way=False)
        run = found[f"{name} {run.id[:8]}"] = store.get(run.id)
        assert run.status is RunStatus.FINISHED, run.message
    return found


class Board:
    def __init__(self, address: str) -> None:
        self._address = address

    def ask(self, path: str, body: object = None) -> Any:
        headers = {"Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._address}data/{path}", content, headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            text = answer.read()
        return json.loads(text) if answer.headers.get_content_type().endswith("json") else text


def has_read_all(board: Board, runs: dict[str, Run]) -> bool:
    """Whether it has come to the end of each file: it reads them in turn, and answers meanwhile."""

    def steps(plugin: str, tag: str, part: str) -> int:
        return len(
            board.ask(f"plugin/{plugin}/{plugin}?tag={quote(tag)}&run={quote(part, safe='&=')}")
        )

    try:
        return (
            len(board.ask("runs")) == 3 * len(runs)
            and len(board.ask("plugin/graphs/info")) == len(runs)
            and sessions(board).keys() == runs.keys()
            and all(
                steps("scalars", "epoch_loss", f"{name}/train") == run.epochs_done
                and steps("scalars", "epoch_loss", f"{name}/validation") == run.epochs_done
                and steps("histograms", "dense/kernel/histogram", f"{name}/train") == 5
                and steps("images", "dense/kernel/image", f"{name}/train&sample=0") == 5
                and "result/test_accuracy" in board.ask("plugin/scalars/tags")[name]
                and sessions(board)[name]["sessions"][0]["status"] == "STATUS_SUCCESS"
                for name, run in runs.items()
            )
        )
    except (urllib.error.HTTPError, KeyError):  # it does not know it yet
        return False


def sessions(board: Board) -> dict[str, Any]:
    """The runs' settings and figures, by the runs' names."""
    wanted = {"colParams": [], "startIndex": 0, "sliceSize": 100}
    wanted["allowedStatuses"] = ["STATUS_SUCCESS", "STATUS_RUNNING", "STATUS_UNKNOWN"]
    groups = board.ask("plugin/hparams/session_groups", wanted)["sessionGroups"]
    return {group["name"]: group for group in groups}


@pytest.fixture(scope="module")
def board(store: Store, runs: dict[str, Run]) -> Iterator[Board]:
    command = [Path(sys.executable).with_name("tensorboard"), "--logdir", Path(store.home)]
    command[-1] /= "tensorboard"
    with subprocess.Popen(
        [*command, "--port", "0", "--host", "127.0.0.1", "--reload_interval", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        said = ""
        while not (found := re.search(r"http://\S+", said.rpartition("TensorBoard ")[2])):
            said = process.stderr.readline()
            assert said, "it ended"
        running = Board(found[0])
        until(lambda: has_read_all(running, runs), every=0.2)
        yield running
        process.terminate()
        process.stderr.close()


def test_all_scalars_of_all_runs_are_listed(board: Board, runs: dict[str, Run]) -> None:
    tags = board.ask("plugin/scalars/tags")
    for name, run in runs.items():
        assert set(tags[f"{name}/train"]) == {
            "epoch_loss",
            "epoch_accuracy",
            "epoch_learning_rate",
        }
        assert set(tags[f"{name}/validation"]) == {"epoch_loss", "epoch_accuracy"}
        assert "result/test_accuracy" in tags[name]
        points = board.ask(
            f"plugin/scalars/scalars?tag=epoch_loss&run={quote(f'{name}/validation')}"
        )
        assert [step for _, step, _ in points] == list(range(1, run.epochs_done + 1))
        assert points[run.best.epoch - 1][2] == pytest.approx(run.best.val_loss, rel=1e-6)


def test_histograms_of_all_runs_are_listed(board: Board, runs: dict[str, Run]) -> None:
    tags = board.ask("plugin/histograms/tags")
    assert set(tags) == {f"{name}/train" for name in runs}
    for name in runs:
        assert "dense/kernel/histogram" in tags[f"{name}/train"]
        query = f"tag={quote('dense/kernel/histogram')}&run={quote(f'{name}/train')}"
        steps = [step for _, step, _ in board.ask(f"plugin/histograms/histograms?{query}")]
        assert steps == [1, 2, 3, 4, 5]


def test_the_weights_are_shown_as_pictures(board: Board, runs: dict[str, Run]) -> None:
    tags = board.ask("plugin/images/tags")
    for name in runs:
        assert "dense/kernel/image" in tags[f"{name}/train"]
        query = f"tag={quote('dense/kernel/image')}&run={quote(f'{name}/train')}&sample=0"
        found = board.ask(f"plugin/images/images?{query}")
        assert [image["step"] for image in found] == [1, 2, 3, 4, 5]
        picture = board.ask(f"plugin/images/individualImage?{found[0]['query']}")
        assert picture.startswith(b"\x89PNG")


def test_the_graph_of_all_runs_is_shown(board: Board, runs: dict[str, Run]) -> None:
    graphs = board.ask("plugin/graphs/info")
    assert set(graphs) == {f"{name}/train" for name in runs}
    for name in graphs:
        assert graphs[name]["run_graph"]
        graph = board.ask(f"plugin/graphs/graph?run={quote(name)}&conceptual=false")
        assert b"MatMul" in graph


def test_hparams_compares_all_runs(board: Board, runs: dict[str, Run]) -> None:
    infos = board.ask("plugin/hparams/experiment", {})
    assert {"architecture", "learning_rate", "optimizer"} <= {
        info["name"] for info in infos["hparamInfos"]
    }
    groups = sessions(board)
    assert groups.keys() == runs.keys()
    for name, group in groups.items():
        run = runs[name]
        assert group["hparams"]["architecture"] == run.config.architecture
        assert group["hparams"]["learning_rate"] == run.config.learning_rate
        values = {value["name"]["tag"]: value["value"] for value in group["metricValues"]}
        assert values["result/best_epoch"] == run.best.epoch
        assert values["result/best_val_loss"] == np.float32(run.best.val_loss)
        assert values["result/test_accuracy"] == np.float32(run.test_metric)
        assert group["sessions"][0]["status"] == "STATUS_SUCCESS"
