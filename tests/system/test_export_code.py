"""Exported code: the same network, the same split, formatted and valid; with --all, run to its end.

The quick tests take the code's functions as they are. The slow ones run script and notebook in a
folder and a process of their own, where there is no lab to import.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import keras
import nbformat
import numpy as np
import pytest

from mnist_core.errors import DataError
from mnist_core.experiment.architectures import ARCHITECTURES, architectures_for
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import RunStatus, Store
from mnist_core.tasks import prepare, split, task
from mnist_core.tasks.mnist import DATA_FILE
from mnist_core.training import augmentation
from mnist_core.training.networks import build_network
from mnist_core.training.programs import optimizer_of
from mnist_core.transfer.code import source as code_of_runs
from mnist_core.transfer.code.documents import EXTRA_PACKAGES, notebook, script
from mnist_core.transfer.code.source import source_of
from mnist_core.transfer.export import export
from tests.exported_code import (
    assert_clean_code,
    described,
    module_of,
    run_notebook,
    run_script,
)
from tests.exported_runs import trained
from tests.live_training import Training, record

ROOT = Path(__file__).resolve().parents[2]
BASE = PRESETS["overfit-700"].config
#: Every preset, and what none of them has.
CONFIGS: dict[str, TrainingConfig] = {
    **{key: one.config for key, one in PRESETS.items() if one.config.task == "mnist"},
    "in-proportion": replace(BASE, sampling="stratified", momentum=0.9, patience=20),
    "of-all-in-proportion": replace(
        BASE, sampling="stratified", train_size=54_321, validation_size=567, label_noise=0.1
    ),
    "wrong": replace(BASE, label_noise=0.33, patience=9, min_delta=0.01, seed=2**31 - 1),
    "varied": replace(BASE, augmentation="shape", architecture="lenet", pixel_scaling="raw"),
}
QUOTES = 'a """name""" \\ with {braces} %s \'\'\' \u202e# <b>and</b> *more*'


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("code"))


@pytest.fixture(scope="module")
def folder(store, tmp_path_factory) -> Path:
    """A script and a notebook of each configuration."""
    folder = tmp_path_factory.mktemp("written")
    for name, config in CONFIGS.items():
        run = store.create(config, name=name)
        (folder / f"{name}.py").write_bytes(export(store, run.id, "script"))
        (folder / f"{name}.ipynb").write_bytes(export(store, run.id, "notebook"))
    return folder


@pytest.fixture(params=CONFIGS)
def name(request) -> str:
    return request.param


def drawn(module: ModuleType) -> tuple[np.ndarray, np.ndarray]:
    labels = task("mnist").load().y_train.astype(np.int64)
    return module.split(labels) if "labels" in str(module.split.__annotations__) else module.split()


# ---- what it is


def test_it_is_formatted_and_free_of_faults(folder):
    assert_clean_code(folder)


def test_the_network_is_the_same(folder, name):
    module, config = module_of(folder / f"{name}.py"), CONFIGS[name]
    keras.utils.set_random_seed(config.seed)
    mine = module.build_model()
    keras.utils.set_random_seed(config.seed)
    lab_s = build_network(config.architecture, config.task)
    assert described(mine) == described(lab_s)
    for one, other in zip(mine.get_weights(), lab_s.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("key", architectures_for("mnist"))
def test_every_architecture_can_be_written(store, key):
    run = store.create(replace(BASE, architecture=key))
    scope: dict = {"keras": keras, "layers": keras.layers}
    exec(
        next(s for s in source_of(run, []).sections if s.title == "The network").definitions, scope
    )
    assert described(scope["build_model"]()) == described(build_network(key))


def test_the_split_and_the_labels_are_the_same(folder, name):
    module, config = module_of(folder / f"{name}.py"), CONFIGS[name]
    data = task("mnist").load()
    parts = split(data, config)
    train, validation = drawn(module)
    np.testing.assert_array_equal(train, parts.train.indices)
    np.testing.assert_array_equal(validation, parts.validation.indices)
    labels = data.y_train[train].astype(np.int64)
    if config.label_noise:
        labels = module.make_some_wrong(labels)
    np.testing.assert_array_equal(labels, parts.train.labels)
    assert hasattr(module, "make_some_wrong") == bool(config.label_noise)


def test_the_pixels_are_the_same(folder, name):
    module, config = module_of(folder / f"{name}.py"), CONFIGS[name]
    images = task("mnist").load().x_test[:20]
    shape = ARCHITECTURES[config.architecture].input_shape
    expected = prepare(images, scaling=config.pixel_scaling, input_shape=shape)
    found = module.prepare(images)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_settings_are_the_same(folder, name):
    module, config = module_of(folder / f"{name}.py"), CONFIGS[name]
    for field in ("seed", "train_size", "validation_size", "batch_size", "epochs", "learning_rate"):
        assert getattr(module, field.upper()) == getattr(config, field)
    assert getattr(module, "LABEL_NOISE", 0.0) == config.label_noise
    assert getattr(module, "PATIENCE", None) == config.patience
    assert getattr(module, "MIN_DELTA", 0.0) == config.min_delta
    text = (folder / f"{name}.py").read_text("utf-8")
    (line,) = re.findall(r"optimizer=(.*),$", text, re.MULTILINE)
    scope = {"keras": keras, "LEARNING_RATE": config.learning_rate}
    mine, lab_s = eval(line, scope).get_config(), optimizer_of(config).get_config()
    assert mine | {"name": ""} == lab_s | {"name": ""}
    assert ("EarlyStopping" in text) == (config.patience is not None)


def test_the_data_is_read_from_a_file_and_looked_at(folder, tmp_path):
    module = module_of(folder / "overfit-700.py")
    found = module.load_mnist(DATA_FILE)
    data = task("mnist").load()
    arrays = {name: vars(data)[name] for name in ("x_train", "y_train", "x_test", "y_test")}
    for one, other in zip(found, arrays.values(), strict=True):
        np.testing.assert_array_equal(one, other)
    changed = data.y_train.copy()
    changed[0] += 1
    np.savez(tmp_path / "other.npz", **(arrays | {"y_train": changed}))
    with pytest.raises(ValueError, match="Not MNIST's digits .*other.npz"):
        module.load_mnist(tmp_path / "other.npz")


def test_without_a_file_keras_s_own_copy_is_read(folder, tmp_path, monkeypatch):
    """Whatever made that copy: Keras itself takes only the very file that it would download."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    shutil.copy(DATA_FILE, tmp_path / "datasets" / "mnist.npz")
    module = module_of(folder / "overfit-700.py")
    assert len(module.load_mnist(tmp_path / "mnist.npz")[0]) == 60_000


def test_without_any_copy_keras_is_asked_for_one(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    module = module_of(folder / "overfit-700.py")
    data = task("mnist").load()
    parts = (data.x_train, data.y_train), (data.x_test, data.y_test)
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: parts)  # not from a network
    assert len(module.load_mnist(tmp_path / "mnist.npz")[2]) == 10_000


def test_the_order_is_a_new_one_each_epoch(folder, name):
    """Keras's own shuffling is not, once a seed is set: its epochs are all alike."""
    module = module_of(folder / f"{name}.py")
    keras.utils.set_random_seed(1)
    places = np.arange(50)
    batches = module.in_new_order(places, places)
    orders = [np.concatenate([x for x, _y in batches.as_numpy_iterator()]) for _epoch in range(3)]
    assert all(sorted(order) == list(places) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    assert batches.element_spec[0].shape.rank == 1  # batched
    assert "shuffle=False," in (folder / f"{name}.py").read_text("utf-8")


@pytest.mark.parametrize("name", ["reads-handwriting", "varied"])
def test_new_handwriting_is_the_lab_s_and_new_each_time(folder, name):
    module, config = module_of(folder / f"{name}.py"), CONFIGS[name]
    x = module.prepare(task("mnist").load().x_test[:300])
    seed = np.array([4, 5], np.int32)
    change = augmentation.augmentation_of(config.augmentation)
    np.testing.assert_array_equal(getattr(module, change.__name__)(x, seed), change(x, seed))
    batches = module.new_each_time(x, np.arange(300))
    first, second = (
        [np.concatenate(parts) for parts in zip(*batches.as_numpy_iterator(), strict=True)]
        for _epoch in range(2)
    )
    for images, places in (first, second):
        assert sorted(places) == list(range(300)) and list(places) != list(range(300))
        assert images.shape == x.shape and images.dtype == np.float32
        # Changed, and still more like the digit that it was than like another.
        assert 0.1 < np.abs(images - x[places]).mean() / x.mean() < 2
    same = np.argsort(first[1]), np.argsort(second[1])
    assert np.abs(first[0][same[0]] - second[0][same[1]]).mean() > 0.1 * x.mean()


def test_the_notebook_has_the_script_s_code(folder, name):
    cells = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    nbformat.validate(cells)
    of_notebook = "\n\n".join(cell.source for cell in cells.cells if cell.cell_type == "code")
    compile(of_notebook, name, "exec")
    text = (folder / f"{name}.py").read_text("utf-8")

    def lines(text: str) -> set[str]:
        return {line.strip() for line in text.splitlines()}

    assert lines(of_notebook) - lines(text) == {'data = Path("mnist.npz")'}
    titles = [cell.source.split("\n")[0] for cell in cells.cells if cell.cell_type == "markdown"]
    assert titles[1:] == ["## The settings"] + [
        f"## {number}. {title}" for number, title in re.findall(r"# (\d+)\. ([\w ]+)\. ", text)
    ]
    assert not any(cell.get("outputs") for cell in cells.cells)


def test_it_names_the_packages_that_it_imports(folder, name):
    text = (folder / f"{name}.py").read_text("utf-8")
    (named,) = re.findall(r"pip install (.*)", text)
    packages = dict(part.split("==") for part in named.split())
    imported = set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE))
    assert imported - sys.stdlib_module_names <= set(packages)
    pinned = (ROOT / "requirements.txt").read_text() + (ROOT / "requirements-dev.txt").read_text()
    for package, version in packages.items():
        assert f"\n{package}=={version}\n" in pinned
    assert packages["matplotlib"] == EXTRA_PACKAGES["matplotlib"]


@pytest.mark.parametrize(
    ("words", "file"), [([], "mnist.npz"), (["--data", str(DATA_FILE)], str(DATA_FILE))]
)
def test_the_command_line_names_the_data(folder, monkeypatch, words, file):
    module = module_of(folder / "softmax.py")
    monkeypatch.setattr(sys, "argv", ["softmax.py", *words])
    assert module.file_of_data() == Path(file)


def test_a_file_that_is_not_there_is_said(folder, monkeypatch, capsys):
    module = module_of(folder / "softmax.py")
    monkeypatch.setattr(sys, "argv", ["softmax.py", "--data", "none.npz"])
    with pytest.raises(SystemExit) as ended:
        module.file_of_data()
    assert ended.value.code == 2
    assert "there is no file none.npz" in capsys.readouterr().err


# ---- what it says of the run


def test_a_rate_that_was_changed_by_hand_is_changed_again(store):
    training = Training(store, epochs=20)
    training.write([replace(record(n), learning_rate=0.01) for n in (1, 2, 3)])
    training.write([replace(record(n), learning_rate=float(np.float32(0.002))) for n in (4, 5)])
    training.write([replace(record(6), learning_rate=0.5)])
    training.end(RunStatus.STOPPED)
    text = export(store, training.id, "script").decode()
    assert "NEW_RATES = {4: 0.002, 6: 0.5}" in text
    assert rates_of_a_training(text) == pytest.approx([0.01] * 3 + [0.002] * 2 + [0.5])
    assert "EPOCHS = 6  # the run was stopped by hand before epoch 20" in text
    assert "epoch 6 of 6 was the best" in text


def rates_of_a_training(text: str) -> list[float]:
    """The learning rate of each epoch of a training with a script's own callback for it."""
    (callback,) = re.findall(r"keras\.callbacks\.LearningRateScheduler\(.*\)", text)
    (table,) = re.findall(r"^NEW_RATES = (\{.*?\})", text, re.MULTILINE)
    (rate,) = re.findall(r"^LEARNING_RATE = (\S+)", text, re.MULTILINE)
    (epochs,) = re.findall(r"^EPOCHS = (\d+)", text, re.MULTILINE)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(float(rate)), loss="mse")
    ones = np.ones((2, 1), np.float32)
    scheduler = eval(callback, {"keras": keras, "NEW_RATES": eval(table)})
    history = model.fit(ones, ones, epochs=int(epochs), callbacks=[scheduler], verbose=0).history
    return [float(rate) for rate in history["learning_rate"]]


def test_a_rate_that_was_changed_in_the_first_epoch_is_changed_again(store):
    training = Training(store, epochs=2)
    training.write([replace(record(n), learning_rate=0.125) for n in (1, 2)])
    training.end()
    text = export(store, training.id, "script").decode()
    assert rates_of_a_training(text) == [0.125, 0.125]


def test_no_name_gets_out_of_its_text(store, tmp_path):
    run = replace(store.create(BASE), name=QUOTES)
    source = source_of(run, [])
    file = tmp_path / "named.py"
    file.write_text(script(source), "utf-8")
    module = module_of(file)
    assert "with {braces} %s" in str(module.__doc__) and "\u202e" not in str(module.__doc__)
    first = json.loads(notebook(source))["cells"][0]["source"][0]
    assert "<b>" not in first and "\\*more\\*" in first


def test_a_lesson_says_why_it_cannot_be_repeated(store):
    run = store.create(BASE, name="taught", lesson={"base": "0" * 32, "base_name": "reader"})
    for key in ("script", "notebook"):
        with pytest.raises(DataError, match="“taught” .*“reader” on drawings.*Keras model"):
            export(store, run.id, key)


def test_a_model_from_a_file_says_that_nobody_knows_its_training(store):
    run = replace(store.create(BASE, name="came in"), imported={"input_shape": [784]})
    object.__setattr__(run.config, "architecture", "imported")
    with pytest.raises(DataError, match="“came in” .*imported from a file"):
        source_of(run, [])


def test_a_task_without_code_says_so(store, monkeypatch):
    monkeypatch.setattr(code_of_runs, "CODE_OF_TASKS", {})
    run = store.create(BASE, name="other")
    with pytest.raises(DataError, match="“other” .*no code for .* mnist"):
        export(store, run.id, "script")


# ---- run to its end

#: Name: settings of a run that takes seconds, and how far the test accuracy may be off.
RUNS: dict[str, tuple[dict, float]] = {
    "dense": (
        {"architecture": "relu-512", "train_size": 20_000, "validation_size": 5_000}
        | {"epochs": 5, "batch_size": 128, "optimizer": "rmsprop", "learning_rate": 0.001},
        0.01,
    ),
    "tiny": (
        {"train_size": 2_000, "validation_size": 500, "epochs": 60, "patience": 10}
        | {"label_noise": 0.1, "sampling": "stratified", "optimizer": "adam", "min_delta": 1e-4}
        | {"architecture": "softmax", "learning_rate": 0.001},
        0.02,
    ),
    "noisy": (
        {"architecture": "regularised-512-512", "train_size": 5_000, "validation_size": 1_000}
        | {"epochs": 10, "batch_size": 128, "optimizer": "adam", "learning_rate": 0.001}
        | {"label_noise": 0.2},
        0.05,
    ),
    "varied": (
        {"architecture": "strided", "train_size": 4_000, "validation_size": 1_000, "epochs": 4}
        | {"batch_size": 64, "optimizer": "adam", "learning_rate": 0.001}
        | {"augmentation": "handwriting"},
        0.04,
    ),
}


@pytest.fixture(scope="module", params=RUNS)
def retrained(request, store):
    """A run of the lab, and how near its code is to come."""
    settings, near = RUNS[request.param]
    return trained(store, request.param, **settings), near


@pytest.mark.slow
@pytest.mark.parametrize("form", ["script", "notebook"])
def test_it_runs_to_its_end_and_comes_out_where_the_run_did(store, retrained, form, tmp_path):
    run, near = retrained
    file = tmp_path / ("again.py" if form == "script" else "again.ipynb")
    file.write_bytes(export(store, run.id, form))
    shutil.copy(DATA_FILE, tmp_path / "mnist.npz")
    said = run_script(file, "--data", "mnist.npz") if form == "script" else run_notebook(file)
    found = re.search(r"Best epoch: (\d+), with .*\nTest loss: .*, test accuracy: ([\d.]+)", said)
    assert found, said
    assert float(found[2]) == pytest.approx(run.test_metric, abs=near)
    lines = (tmp_path / "curves.csv").read_text().splitlines()
    if len(lines) - 1 == run.epochs_done:  # not where one of them was stopped early
        last = dict(zip(lines[0].split(","), map(float, lines[-1].split(",")), strict=True))
        assert last["loss"] == pytest.approx(run.last.loss, rel=0.1)
    assert len(lines) - 1 <= run.config.epochs and int(found[1]) <= len(lines) - 1
    best = keras.saving.load_model(tmp_path / "best.keras")
    assert described(best) == described(build_network(run.config.architecture, run.config.task))
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
