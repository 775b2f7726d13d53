"""Code of every task, of folds and of trainings without a judge: what it makes of the data.

The quick tests run the code's own steps up to what the network is given, on the package's data or
on made-up data of the real size. The slow ones run real data to the end, where Keras's cache has
it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import keras
import nbformat
import numpy as np
import pytest

from mnist_core.experiment.architectures import architecture
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.inputs import network_inputs
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import RunStatus, Store
from mnist_core.studies.crossvalidation import final_config, fold_configs
from mnist_core.tasks import TASKS, Texts, housing, keras_data, mnist, split, task
from mnist_core.tasks.base import Dataset
from mnist_core.training.networks import build_network
from mnist_core.transfer.code.source import CODE_OF_TASKS, source_of
from mnist_core.transfer.export import export
from tests import made_up_texts
from tests.exported_code import (
    assert_clean_code,
    described,
    module_of,
    run_notebook,
    run_script,
)
from tests.exported_runs import trained
from tests.live_training import Training

TEXTS = ("imdb", "reuters")
DIGITS, BOSTON, IMDB = (PRESETS[key].config for key in ("overfit-700", "boston", "imdb"))
CONFIGS: dict[str, TrainingConfig] = {
    **{key: PRESETS[key].config for key in TASKS if key != "mnist"},
    "digits-fold": fold_configs(DIGITS, 7)[6],
    "digits-all": final_config(DIGITS, 3),
    "digits-some": replace(
        DIGITS, validation_size=0, sampling="stratified", train_size=700, label_noise=0.2
    ),
    "clothes-raw": replace(PRESETS["fashion"].config, pixel_scaling="raw", label_noise=0.1),
    "clothes-varied": replace(
        PRESETS["fashion"].config,
        augmentation="shape",
        architecture="strided",
        train_size=55_000,
        validation_size=5_000,
    ),
    "imdb-all": final_config(IMDB, 4),
    "imdb-some": replace(IMDB, train_size=9_000, validation_size=0, label_noise=0.25),
    "imdb-fold": fold_configs(IMDB, 3)[0],
    "reuters-in-proportion": replace(
        PRESETS["reuters"].config,
        sampling="stratified",
        train_size=8_500,
        validation_size=400,
        label_noise=0.1,
    ),
    "boston-few": replace(BOSTON, train_size=10, validation_size=10, patience=7, min_delta=0.1),
    "boston-fold": fold_configs(BOSTON, 4)[1],
    "boston-all": final_config(BOSTON, 80),
    "california-fold": fold_configs(PRESETS["california"].config, 10)[9],
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("tasks"))


@pytest.fixture(scope="module")
def folder(store, tmp_path_factory) -> Path:
    """A script and a notebook of each configuration."""
    folder = tmp_path_factory.mktemp("written")
    for name, config in CONFIGS.items():
        run = store.create(config, name=name)
        (folder / f"{name}.py").write_bytes(export(store, run.id, "script"))
        (folder / f"{name}.ipynb").write_bytes(export(store, run.id, "notebook"))
    return folder


@pytest.fixture(scope="module")
def datasets(tmp_path_factory) -> dict[str, Dataset]:
    """The data of each task, as the lab has it: real where it is in the package."""
    home = tmp_path_factory.mktemp("made-up")
    dice = np.random.default_rng(5)
    found = {"mnist": task("mnist").load(), "boston": task("boston").load()}
    for name in TEXTS:
        with np.load(made_up_texts.write(home, name)) as arrays:
            found[name] = Dataset(
                Texts(arrays["train_words"], arrays["train_ends"]),
                arrays["y_train"],
                Texts(arrays["test_words"], arrays["test_ends"]),
                arrays["y_test"],
                classes=len(task(name).classes),
                validation_pool=(0, {"imdb": 10_000, "reuters": 1_000}[name]),
            )
    found["fashion"] = mnist.dataset_of(
        {
            "x_train": np.roll(found["mnist"].x_train, 1, axis=2),
            "y_train": found["mnist"].y_train.copy(),
            "x_test": found["mnist"].x_test.copy(),
            "y_test": found["mnist"].y_test.copy(),
        }
    )
    entry = task("california")
    parts = [
        (dice.normal(5, 3, (size, 8)), dice.uniform(14_999, 500_001, size).astype(np.float32))
        for size in (entry.samples, entry.test_samples)
    ]
    rows = [x.astype(np.float32).astype(np.float64) for x, _ in parts]
    found["california"] = housing._dataset(rows[0], parts[0][1] / 1000, rows[1], parts[1][1] / 1000)
    return found


@pytest.fixture
def keras_brings(datasets, monkeypatch) -> None:
    """Keras's loaders return the same data in their own form, without a network."""

    def loader(data: Dataset, form) -> object:
        parts = (data.x_train, data.y_train), (data.x_test, data.y_test)
        return lambda **_options: tuple(form(x, y) for x, y in parts)

    def lists(texts: Texts, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = np.empty(len(texts), object)
        found[:] = [text.tolist() for text in np.split(texts.words, texts.ends[:-1])]
        return found, y.astype(np.int64)

    for name in TEXTS:
        monkeypatch.setattr(
            getattr(keras.datasets, name), "load_data", loader(datasets[name], lists)
        )
    monkeypatch.setattr(
        keras.datasets.fashion_mnist, "load_data", loader(datasets["fashion"], lambda x, y: (x, y))
    )
    monkeypatch.setattr(
        keras.datasets.california_housing,
        "load_data",
        loader(datasets["california"], lambda x, y: (x.astype(np.float32), y * 1000)),
    )
    # Boston's loader is Keras's own, with the package's copy of its file.
    monkeypatch.setattr(
        "keras.src.datasets.boston_housing.get_file",
        lambda *_words, **_options: str(housing.DATA_FILE),
    )


@pytest.fixture(params=CONFIGS)
def name(request) -> str:
    return request.param


def prepared(store: Store, module: ModuleType, config: TrainingConfig) -> dict:
    """What the code's own steps make of the data, up to what the network takes."""
    scope = vars(module) | {"data": mnist.DATA_FILE}
    for section in source_of(store.create(config), []).data.sections:
        exec(section.steps, scope)
    return scope


def test_every_task_has_its_code():
    assert CODE_OF_TASKS.keys() == TASKS.keys()


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


@pytest.mark.usefixtures("keras_brings")
def test_the_samples_and_the_answers_are_the_same(store, folder, datasets, name):
    config = CONFIGS[name]
    module = module_of(folder / f"{name}.py")
    found, parts = prepared(store, module, config), split(datasets[config.task], config)
    shape = architecture(config.architecture).input_shape
    judged = ["validation"] if config.validation_size else []
    assert ("x_validation" in found) == bool(judged)
    for part in ("train", *judged, "test"):
        lab_s = getattr(parts, part)
        labels = found[f"y_{part}"]
        np.testing.assert_array_equal(labels, lab_s.labels)
        assert labels.dtype == lab_s.labels.dtype
        samples = found[f"x_{part}"]
        assert len(samples) == len(lab_s.labels)
        if config.task in TEXTS:
            samples, some = module.multi_hot(samples[-200:]), lab_s.inputs[-200:]
        else:
            some = lab_s.inputs
        expected = network_inputs(some[:5_000], config, shape)
        assert samples.dtype == np.float32
        np.testing.assert_allclose(samples[:5_000], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_texts_come_in_batches_in_a_new_order_each_epoch(folder, name):
    module = module_of(folder / f"{name}.py")
    module.BATCH_SIZE = 16
    texts = np.empty(50, object)
    texts[:] = [[1, 10 + number] for number in range(50)]
    orders = []
    batches = module.Batches(texts, np.arange(50), in_new_order=True)
    for _epoch in range(3):
        x, y = (np.concatenate(part) for part in zip(*(batches[n] for n in range(4)), strict=True))
        np.testing.assert_array_equal(x.argmax(axis=1), 1)
        np.testing.assert_array_equal(x[:, 2:].argmax(axis=1) + 2, 10 + y)
        assert sorted(y) == list(range(50)) and x.shape == (50, 10_000) and x.sum() == 100
        orders.append(tuple(y))
        batches.on_epoch_end()
    assert len(batches) == 4 and len(set(orders)) == 3
    still = module.Batches(texts, np.arange(50))
    still.on_epoch_end()
    np.testing.assert_array_equal(still[3][1], [48, 49])


def test_the_notebook_has_the_script_s_code(folder, name):
    cells = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    nbformat.validate(cells)
    of_notebook = "\n\n".join(cell.source for cell in cells.cells if cell.cell_type == "code")
    compile(of_notebook, name, "exec")

    def lines(text: str) -> set[str]:
        return {line.strip() for line in text.splitlines()}

    more = lines(of_notebook) - lines((folder / f"{name}.py").read_text("utf-8"))
    assert more == ({'data = Path("mnist.npz")'} if CONFIGS[name].task == "mnist" else set())


def test_without_a_judge_the_last_network_is_kept_and_there_is_no_best_epoch(folder, name):
    text, config = (folder / f"{name}.py").read_text("utf-8"), CONFIGS[name]
    for word in ("best", "x_validation", "val_", "ModelCheckpoint"):
        assert (word in text) is (config.validation_size > 0), word
    assert ('model.save("last.keras")' in text) is (config.validation_size == 0)


def test_figures_have_their_names_and_units(folder, name):
    text, config = (folder / f"{name}.py").read_text("utf-8"), CONFIGS[name]
    assert f'metrics=["{config.metric}"]' in text
    assert f'loss="{task(config.task).loss}"' in text
    assert ("mean absolute error in thousand dollars" in text) is (config.metric == "mae")
    assert ("{test_mae:.3f} thousand dollars" in text) is (config.metric == "mae")
    assert ("test accuracy: {test_accuracy:.4f}" in text) is (config.metric == "accuracy")


def test_the_settings_are_the_run_s(folder, name):
    module, config = module_of(folder / f"{name}.py"), CONFIGS[name]
    for field in ("seed", "batch_size", "epochs", "learning_rate"):
        assert getattr(module, field.upper()) == getattr(config, field)
    sizes = ("FOLDS", "FOLD") if config.folds else ("TRAIN_SIZE", "VALIDATION_SIZE")
    for field in ("FOLDS", "FOLD", "TRAIN_SIZE", "VALIDATION_SIZE"):
        expected = (getattr(config, field.lower()) or None) if field in sizes else None
        assert getattr(module, field, None) == expected, field


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("boston", "that model's test mean absolute error was 0.790 thousand dollars."),
        ("imdb", "that model's test accuracy was 0.7900."),
        ("boston-all", "In the lab, after 4 epochs, the model's test mean absolute error was"),
    ],
)
def test_the_run_s_own_figures_are_said(store, name, words):
    training = Training(store, run=store.create(CONFIGS[name]))
    training.train(4)
    training.writer.measured(test_loss=0.9, test_metric=0.79)
    training.end(RunStatus.FINISHED)
    text = export(store, training.id, "script").decode()
    assert words in re.sub(r"\s+", " ", text)
    assert ("was the best" in text) is (CONFIGS[name].validation_size > 0)


# ---- run to its end

#: What may differ from the run's figure is what differs between two seeds.
RUNS: dict[str, tuple[TrainingConfig, float]] = {
    "imdb": (replace(IMDB, epochs=6), 0.02),
    "imdb-all": (CONFIGS["imdb-all"], 0.02),
    "reuters": (replace(PRESETS["reuters"].config, epochs=9), 0.03),
    "fashion": (replace(PRESETS["fashion"].config, epochs=3), 0.03),
    "boston": (replace(BOSTON, epochs=60), 0.6),
    "boston-fold": (replace(CONFIGS["boston-fold"], epochs=60), 0.6),
    "boston-all": (CONFIGS["boston-all"], 0.6),
    "california": (replace(PRESETS["california"].config, epochs=10), 4.0),
    "digits-fold": (
        replace(fold_configs(DIGITS, 10)[3], architecture="softmax", batch_size=128, epochs=3),
        0.02,
    ),
    "digits-all": (replace(CONFIGS["digits-all"], architecture="softmax", batch_size=128), 0.02),
}
#: IMDB's script keeps below this; two thousand million bytes.
MOST_MEMORY = 2_000_000_000


@pytest.fixture
def keras_home(tmp_path, request) -> Path:
    """A folder with Keras's files, without a network: those of this machine, and the package's."""
    home = tmp_path / "keras"
    (home / "datasets").mkdir(parents=True)
    (home / "datasets" / housing.DATA_FILE.name).symlink_to(housing.DATA_FILE)
    (home / "datasets" / mnist.DATA_FILE.name).symlink_to(mnist.DATA_FILE)
    key = RUNS[request.node.callspec.params["name"]][0].task
    for file in keras_data.SOURCES[key].files if key in keras_data.SOURCES else ():
        kept = keras_data.keras_cache() / file
        if not kept.exists():
            pytest.skip(f"Keras's cache has no {file}")
        (home / "datasets" / file).parent.mkdir(exist_ok=True)
        (home / "datasets" / file).symlink_to(kept)
    return home


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_it_runs_to_its_end_and_comes_out_where_the_run_did(store, name, keras_home, tmp_path):
    config, near = RUNS[name]
    run = trained(store, name, **config.to_dict())
    file = tmp_path / "again.py"
    file.write_bytes(export(store, run.id, "script"))
    said = run_script(file, KERAS_HOME=str(keras_home))
    peak = re.search(r"Peak: (\d+) kB", said)
    assert peak and int(peak[1]) * 1024 < MOST_MEMORY
    found = re.search(r"Test loss: .*, test (?:accuracy|mean absolute error): ([\d.]+)", said)
    assert found, said
    assert float(found[1]) == pytest.approx(run.test_metric, abs=near)
    assert ("Best epoch" in said) is (config.validation_size > 0)
    lines = (tmp_path / "curves.csv").read_text().splitlines()
    assert len(lines) == config.epochs + 1
    kept = "best.keras" if config.validation_size else "last.keras"
    model = keras.saving.load_model(tmp_path / kept)
    assert described(model) == described(build_network(config.architecture, config.task))
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["boston-all", "reuters"])
def test_the_notebook_runs_to_its_end(store, name, keras_home, tmp_path):
    config, near = RUNS[name]
    run = trained(store, name, **config.to_dict())
    file = tmp_path / "again.ipynb"
    file.write_bytes(export(store, run.id, "notebook"))
    said = run_notebook(file, KERAS_HOME=str(keras_home))
    found = re.search(r"test (?:accuracy|mean absolute error): ([\d.]+)", said)
    assert found and float(found[1]) == pytest.approx(run.test_metric, abs=near), said
