"""What trained networks read, and why: real models in a real store, in this process."""

from __future__ import annotations

import dataclasses
import io
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import keras
import numpy as np
import pytest

from mnist_core.errors import ConfigError, DataError, EngineError, StoreError, UnknownRunError
from mnist_core.experiment.architectures import ARCHITECTURES, architecture, architectures_for
from mnist_core.experiment.config import TrainingConfig
from mnist_core.inference import explain_image as explanations
from mnist_core.inference import models as loading
from mnist_core.inference.answers import Prediction
from mnist_core.inference.explain_image import MOST_ACTIVATIONS, explain, neighbours
from mnist_core.inference.predict import predict, predict_each
from mnist_core.runs import Command, Run, RunStatus, Store
from mnist_core.runs.artifacts import BEST_MODEL, LAST_MODEL
from mnist_core.tasks import keras_data, prepare, split, task
from mnist_core.training.networks import build_network
from mnist_core.transfer.export import export
from mnist_core.transfer.keras_import.importer import import_model
from mnist_core.transfer.uploads import keep_arrived
from mnist_core.workers.engine import Engine, Question
from tests import model_files
from tests.exported_runs import trained, trained_past_its_best
from tests.system.test_incoming import dense, system
from tests.waiting import PATIENCE, until

#: Its rate is so high that the loss rises again, with most seeds.
SOFTMAX = TrainingConfig(
    architecture="softmax",
    train_size=2000,
    validation_size=500,
    epochs=3,
    learning_rate=0.5,
    pixel_scaling="unit",
)
STRIDED = TrainingConfig(
    architecture="strided",
    train_size=60,
    validation_size=30,
    epochs=2,
    optimizer="adam",
    learning_rate=0.001,
    pixel_scaling="raw",
)
FILES = {"best": BEST_MODEL, "last": LAST_MODEL}
IMAGES = task("mnist").load().x_test[:40]
LABELS = task("mnist").load().y_test[:40]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("predictions"))


@pytest.fixture(scope="module")
def softmax(store: Store) -> Run:
    return trained_past_its_best(store, SOFTMAX)


@pytest.fixture(scope="module")
def strided(store: Store) -> Run:
    return trained(store, **STRIDED.to_dict())


@pytest.fixture
def either(request: pytest.FixtureRequest) -> Run:
    return request.getfixturevalue(request.param)


both = pytest.mark.parametrize("either", ["softmax", "strided"], indirect=True)


@pytest.fixture(autouse=True)
def nothing_is_loaded() -> None:
    loading._models.clear()


def saved(store: Store, run: Run, checkpoint: str, folder: Path) -> keras.Model:
    """A run's model as anybody would load it."""
    path = folder / f"{checkpoint}.keras"
    path.write_bytes(store.artifacts.read(run.id, FILES[checkpoint]) or b"")
    return keras.saving.load_model(path)


def left_behind(store: Store, model: keras.Model, folder: Path, **settings) -> Run:
    """A run that left this model, without a training."""
    run = store.create(TrainingConfig(**settings))
    path = folder / "made.keras"
    model.save(path)
    for name in FILES.values():
        store.artifacts.write(run.id, name, path.read_bytes())
    return run


def matrix(predictions: list[Prediction]) -> np.ndarray:
    return np.array([prediction.probabilities for prediction in predictions])


# ---- what they read


@both
@pytest.mark.parametrize("checkpoint", FILES)
def test_they_read_what_keras_reads(store, tmp_path, either, checkpoint):
    config = either.config
    shape = architecture(config.architecture).input_shape
    x = prepare(IMAGES, scaling=config.pixel_scaling, input_shape=shape)
    expected = saved(store, either, checkpoint, tmp_path).predict(x, batch_size=1, verbose=0)
    found = predict(store, either.id, checkpoint, IMAGES)
    np.testing.assert_allclose(matrix(found), expected, atol=1e-5)
    np.testing.assert_allclose(matrix(found).sum(axis=1), 1, atol=1e-5)
    assert all(0 < prediction.seconds < PATIENCE for prediction in found)


def test_a_trained_network_reads_most_digits(store, softmax):
    found = predict(store, softmax.id, "best", IMAGES)
    assert np.mean([p.digit == label for p, label in zip(found, LABELS, strict=True)]) > 0.7


def test_the_best_and_the_last_model_are_two(store, softmax):
    best, last = (matrix(predict(store, softmax.id, name, IMAGES)) for name in FILES)
    assert np.abs(best - last).max() > 1e-3


def test_the_answer_the_runner_up_and_how_sure_it_is():
    prediction = Prediction((0.1, 0.0, 0.6, 0.0, 0.0, 0.0, 0.0, 0.3, 0.0, 0.0), 0.001)
    assert (prediction.digit, prediction.runner_up, prediction.confidence) == (2, 7, 0.6)
    alike = Prediction((0.5, 0.5, *([0.0] * 8)), 0.001)
    assert {alike.digit, alike.runner_up} == {0, 1}


def test_several_models_read_one_picture(store, softmax, strided):
    models = [(softmax.id, "best"), (strided.id, "last"), (softmax.id, "last")]
    found = predict_each(store, models, IMAGES[0])
    for (run_id, checkpoint), prediction in zip(models, found, strict=True):
        (alone,) = predict(store, run_id, checkpoint, IMAGES[:1])
        np.testing.assert_allclose(prediction.probabilities, alone.probabilities, atol=1e-5)


# ---- what cannot be read


def test_an_unknown_run_is_explained(store):
    with pytest.raises(UnknownRunError):
        predict(store, "0" * 32, "best", IMAGES)


def test_an_unknown_checkpoint_is_explained(store, softmax):
    with pytest.raises(ConfigError, match="best, last"):
        predict(store, softmax.id, "middle", IMAGES)


@pytest.mark.parametrize("checkpoint", FILES)
def test_a_run_that_has_not_ended_has_no_model(store, checkpoint):
    run = store.create(SOFTMAX, name="waiting")
    with pytest.raises(StoreError, match=f"“waiting” has no {checkpoint} model"):
        predict(store, run.id, checkpoint, IMAGES)


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_damaged_model_is_explained(store, softmax, share):
    run = store.create(SOFTMAX, name="broken")
    whole = store.artifacts.read(softmax.id, BEST_MODEL)
    store.artifacts.write(run.id, BEST_MODEL, whole[: int(len(whole) * share)])
    with pytest.raises(DataError) as raised:
        predict(store, run.id, "best", IMAGES)
    assert raised.value.values["name"] == "broken"


def test_a_model_of_another_network_is_explained(store, strided):
    run = store.create(SOFTMAX, name="swapped")
    store.artifacts.write(run.id, BEST_MODEL, store.artifacts.read(strided.id, BEST_MODEL))
    with pytest.raises(DataError) as raised:
        predict(store, run.id, "best", IMAGES)
    assert raised.value.values["name"] == "swapped"


# ---- what is kept in memory


def test_a_model_stays_loaded(store, softmax):
    whole = store.artifacts.read(softmax.id, LAST_MODEL)
    before = matrix(predict(store, softmax.id, "last", IMAGES))
    store.artifacts.remove(softmax.id, LAST_MODEL)
    try:
        np.testing.assert_array_equal(matrix(predict(store, softmax.id, "last", IMAGES)), before)
    finally:
        store.artifacts.write(softmax.id, LAST_MODEL, whole)


def test_the_models_that_were_not_asked_for_longest_are_forgotten(store, softmax, monkeypatch):
    monkeypatch.setattr(loading, "KEPT", 2)
    first, second = loading.load(store, softmax.id, "best"), loading.load(store, softmax.id, "last")
    assert loading.load(store, softmax.id, "best") is first
    other = trained(store, **dataclasses.replace(SOFTMAX, train_size=60, epochs=1).to_dict())
    loading.load(store, other.id, "best")
    assert loading.load(store, softmax.id, "best") is first
    assert loading.load(store, softmax.id, "last") is not second


def test_a_run_that_is_still_at_work_is_read_anew(store, softmax):
    """Put aside, it leaves models that it overwrites at its end."""
    run = store.create(SOFTMAX)
    for source in FILES.values():
        store.artifacts.write(run.id, BEST_MODEL, store.artifacts.read(softmax.id, source))
        found = matrix(predict(store, run.id, "best", IMAGES))
        name = next(name for name, file in FILES.items() if file == source)
        expected = matrix(predict(store, softmax.id, name, IMAGES))
        np.testing.assert_allclose(found, expected, atol=1e-6)


# ---- why

#: For some architectures: layers shown, and the shape of the first one's pictures.
LAYERS = {
    "softmax": (1, (1, 1, 10)),
    "relu-2": (1, (1, 1, 2)),
    "tanh-200-100": (2, (1, 1, 200)),
    "regularised-512-512": (2, (1, 1, 512)),
    "lenet": (2, (MOST_ACTIVATIONS, 28, 28)),
}


@pytest.mark.parametrize("key", architectures_for("mnist"))
def test_every_architecture_is_explained(store, tmp_path, key):
    keras.utils.set_random_seed(1)
    run = left_behind(store, build_network(key), tmp_path, architecture=key)
    reason = explain(store, run.id, "best", IMAGES[0])
    (prediction,) = predict(store, run.id, "best", IMAGES[:1])
    assert reason.digit == prediction.digit
    maps = [reason.saliency]
    if ARCHITECTURES[key].input_shape == (28, 28, 1):
        maps.append(reason.class_activation)
    else:
        assert reason.class_activation is None
    for one in maps:
        assert one.shape == (28, 28) and one.dtype == np.float32
        assert one.min() >= 0 and one.max() == pytest.approx(1)
    shown = (len(reason.activations), reason.activations[0].maps.shape)
    assert shown == LAYERS.get(key, shown)
    for layer in reason.activations:
        assert layer.maps.dtype == np.float32 and np.isfinite(layer.maps).all()
        units = layer.maps.shape[0] if layer.maps.shape[0] > 1 else layer.maps.shape[-1]
        assert len(set(layer.unit)) == len(layer.unit) == units
    if key in ("softmax", "relu-2"):
        kernel = loading.load(store, run.id, "best").model.layers[0].kernel.numpy()
        assert reason.weights.shape == (kernel.shape[1], 28, 28)
        np.testing.assert_array_equal(reason.weights[1].ravel(), kernel[:, 1])
    else:
        assert reason.weights is None


def test_a_network_that_looks_at_one_pixel_is_seen_to(store, tmp_path):
    pixel = (9, 17)
    model = build_network("softmax")
    kernel = np.zeros((784, 10), np.float32)
    kernel[pixel[0] * 28 + pixel[1], 4] = 5
    model.layers[0].set_weights([kernel, np.zeros(10, np.float32)])
    run = left_behind(store, model, tmp_path, architecture="softmax")
    image = np.zeros((28, 28), np.uint8)
    image[pixel] = 200
    reason = explain(store, run.id, "best", image)
    expected = np.zeros((28, 28))
    expected[pixel] = 1
    assert reason.digit == 4
    np.testing.assert_allclose(reason.saliency, expected, atol=1e-6)
    np.testing.assert_array_equal(reason.weights[4], expected * 5)


def test_a_network_that_is_quite_sure_still_has_a_reason(store, tmp_path):
    """Where the probability is 1 to the last bit, its own gradient is nothing."""
    model = build_network("softmax")
    kernel = np.zeros((784, 10), np.float32)
    kernel[300, 4] = 200
    model.layers[0].set_weights([kernel, np.zeros(10, np.float32)])
    run = left_behind(store, model, tmp_path, architecture="softmax")
    image = np.zeros((28, 28), np.uint8)
    image.flat[300] = 255
    assert predict(store, run.id, "best", image[None])[0].confidence == 1
    saliency = explain(store, run.id, "best", image).saliency
    assert saliency.flat[300] == 1 and saliency.sum() == 1


def test_a_convolution_that_looks_at_one_place_is_seen_to(store, tmp_path):
    """The last convolution answers only where there is ink; Grad-CAM shows that place."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(1, 1, activation="relu", use_bias=False),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.layers[0].set_weights([np.ones((1, 1, 1, 1), np.float32)])
    kernel = np.zeros((196, 10), np.float32)
    kernel[:, 3] = 0.1
    model.layers[-1].set_weights([kernel, np.zeros(10, np.float32)])
    run = left_behind(store, model, tmp_path, architecture="lenet")
    image = np.zeros((28, 28), np.uint8)
    image[4:8, 20:24] = 255
    reason = explain(store, run.id, "best", image)
    assert reason.digit == 3
    np.testing.assert_allclose(reason.class_activation, image / 255, atol=1e-5)
    np.testing.assert_allclose(reason.activations[0].maps[0], image / 255, atol=1e-5)


def test_dropout_and_batch_normalisation_are_as_in_use(store, tmp_path):
    """They do something else in training: twice the same answer shows that it is not that."""
    keras.utils.set_random_seed(1)
    key = "regularised-512-512"
    run = left_behind(store, build_network(key), tmp_path, architecture=key)
    model = loading.load(store, run.id, "best").model
    first, second = (explain(store, run.id, "best", IMAGES[0]) for _ in range(2))
    np.testing.assert_array_equal(first.saliency, second.saliency)
    for one, other in zip(first.activations, second.activations, strict=True):
        np.testing.assert_array_equal(one.maps, other.maps)
    x = prepare(IMAGES[:1], scaling="unit", input_shape=(784,))
    dense = [layer for layer in model.layers if hasattr(layer, "kernel")]
    upto = keras.Sequential(model.layers[: model.layers.index(dense[1]) + 1])
    expected = upto.predict(x, verbose=0)[0]
    np.testing.assert_allclose(first.activations[1].maps[0, 0], expected, atol=1e-5)


# ---- the training digits that look most like it


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_a_training_digit_is_its_own_nearest(store, noise):
    config = dataclasses.replace(SOFTMAX, label_noise=noise)
    run = store.create(config)
    part = split(task("mnist").load(), config).train
    place = int(np.flatnonzero(part.wrong)[0]) if noise else 123
    found = neighbours(store, run.id, part.images_u8[place], 5)
    np.testing.assert_array_equal(found.images_u8[0], part.images_u8[place])
    assert found.distances[0] == 0 and found.labels[0] == part.labels[place]
    assert found.images_u8.shape == (5, 28, 28) and len(found.labels) == 5
    assert (np.diff(found.distances) >= 0).all() and found.distances[1] > 0


def test_the_nearest_are_the_nearest_whatever_the_pieces(store, monkeypatch):
    monkeypatch.setattr(explanations, "PIECE", 300)
    run = store.create(SOFTMAX)
    part = split(task("mnist").load(), SOFTMAX).train
    target = IMAGES[3].astype(float) / 255
    distances = np.sqrt(((part.images_u8 / 255 - target) ** 2).sum(axis=(1, 2)))
    found = neighbours(store, run.id, IMAGES[3])
    np.testing.assert_allclose(found.distances, np.sort(distances)[:8], rtol=1e-5)
    np.testing.assert_array_equal(found.labels, part.labels[np.argsort(distances)[:8]])


def test_the_neighbours_of_an_unknown_run_are_explained(store):
    with pytest.raises(UnknownRunError):
        neighbours(store, "0" * 32, IMAGES[0])


# ---- asked of a worker

PREDICT = f"{predict_each.__module__}:predict_each"


def failing(kind: str) -> None:
    """Fail as told; what a worker imports from here and runs."""
    if kind == "lab":
        raise DataError("The {thing} is odd.", "Leave it.", thing="answer")
    raise ValueError("a plain one")


def sleeping(seconds: float) -> None:
    time.sleep(seconds)


def waits_for_data() -> bool:
    """Whether data that has to be fetched would be waited for where this runs."""
    return keras_data._waits.get()


def dying(path: str, times: int) -> str:
    """Kill the worker that runs this, the first so many times."""
    died = Path(path).read_text() if Path(path).exists() else ""
    if len(died) == times:
        return "answered"
    Path(path).write_text(died + "x")
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    raise AssertionError("nobody survives this")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store of its own: the engine would train what the other tests left in the queue."""
    return Store(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def answering(desk: Store) -> Run:
    return trained_past_its_best(desk, SOFTMAX)


@pytest.fixture(scope="module")
def engine(desk: Store) -> Iterator[Engine]:
    engine = Engine(desk)
    engine.start()
    with closing(engine):
        until(lambda: engine.state.phase != "starting")
        assert engine.state.phase == "ready", engine.state
        yield engine


def test_an_answer_comes_from_a_worker_while_another_trains(engine, desk, answering):
    models = [(answering.id, "best"), (answering.id, "last")]
    busy = desk.create(dataclasses.replace(SOFTMAX, train_size=60, epochs=20_000))
    engine.wake()
    until(lambda: desk.get(busy.id).epochs_done > 2)
    found = engine.ask(PREDICT, models, IMAGES[0], seconds=PATIENCE)
    reached = desk.get(busy.id).epochs_done
    for (run_id, checkpoint), prediction in zip(models, found, strict=True):
        (alone,) = predict(desk, run_id, checkpoint, IMAGES[:1])
        np.testing.assert_allclose(prediction.probabilities, alone.probabilities, atol=1e-5)
    reason = engine.ask(f"{explain.__module__}:explain", *models[0], IMAGES[0], seconds=PATIENCE)
    assert reason.digit == found[0].digit and reason.saliency.shape == (28, 28)
    near = engine.ask(f"{explain.__module__}:neighbours", answering.id, IMAGES[0], seconds=PATIENCE)
    assert len(near.labels) == 8
    assert engine.ask("os:getpid", seconds=PATIENCE) != os.getpid()
    assert engine.ask(f"{__name__}:waits_for_data") is False, "others would wait too"
    assert desk.get(busy.id).status is RunStatus.RUNNING
    until(lambda: desk.get(busy.id).epochs_done > reached)
    desk.command(busy.id, Command.STOP)
    until(lambda: desk.get(busy.id).settled)


def test_a_reading_does_not_wait_for_what_takes_long(engine):
    with ThreadPoolExecutor(1) as pool:
        long = pool.submit(
            engine.ask, f"{__name__}:sleeping", 3, kind=Question.LONG, seconds=PATIENCE
        )
        reader = engine.ask("os:getpid", seconds=PATIENCE)
        until(lambda: engine._workers.have_background(started=True))
        assert engine.ask("os:getpid", seconds=PATIENCE) == reader
        assert not long.done()
        other = engine.ask("os:getpid", kind=Question.SHORT, seconds=PATIENCE)
        assert long.done() and other != reader


def test_the_worker_keeps_the_model_loaded(engine, desk, answering):
    question = (PREDICT, [(answering.id, "best")], IMAGES[0])
    whole = desk.artifacts.read(answering.id, BEST_MODEL)
    (before,) = engine.ask(*question, seconds=PATIENCE)
    desk.artifacts.remove(answering.id, BEST_MODEL)
    try:
        (after,) = engine.ask(*question, seconds=PATIENCE)
    finally:
        desk.artifacts.write(answering.id, BEST_MODEL, whole)
    assert after.probabilities == pytest.approx(before.probabilities, abs=1e-6)


def test_a_file_comes_from_the_worker(engine, desk, answering):
    question = (f"{export.__module__}:export", answering.id)
    for key in ("onnx", "script"):
        content = engine.ask(*question, key, "best", seconds=PATIENCE)
        assert content == export(desk, answering.id, key) or key == "onnx"
        assert len(content) == pytest.approx(len(export(desk, answering.id, key)), rel=0.01)
    with pytest.raises(ConfigError, match=r"one of keras"):
        engine.ask(*question, "docx", "best")


def failed_tasks(engine: Engine) -> list[str]:
    log = engine._workers._cluster.scheduler.transition_log
    return [key for key, _, now, *_ in log if now == "erred" and key.startswith("failing")]


def test_a_worker_refuses_a_hostile_file_and_takes_the_next(engine, desk, tmp_path):
    before = {run.id for run in desk.list_runs()}
    good, canary = model_files.saved(dense()), tmp_path / "canary"
    evil = model_files.with_setting(good, "activation", system(canary))

    def brought_in(content: bytes) -> str:
        run_id = keep_arrived(desk, io.BytesIO(content))
        what = (f"{import_model.__module__}:import_model", run_id, "a.keras", "unit")
        assert engine.ask(*what, seconds=PATIENCE) == run_id
        return run_id

    with pytest.raises(DataError, match=r"os\.system"):
        brought_in(evil)
    taken = brought_in(good)
    assert {run.id for run in desk.list_runs()} - before == {taken}
    assert not canary.exists()


def test_an_error_of_the_worker_arrives_as_itself(engine, desk):
    with pytest.raises(UnknownRunError) as caught:
        engine.ask(PREDICT, [("0" * 32, "best")], IMAGES[0])
    assert "0000" in caught.value.sentence() and caught.value.remedy
    with pytest.raises(DataError, match=r"^The answer is odd\. Leave it\.$"):
        engine.ask(f"{__name__}:failing", "lab")
    # Dask logs a failed task with its traceback: that is for faults alone.
    assert not failed_tasks(engine)
    with pytest.raises(ValueError, match="a plain one"):
        engine.ask(f"{__name__}:failing", "plain")
    assert len(failed_tasks(engine)) == 1


def test_an_answer_that_takes_too_long_is_not_waited_for(engine):
    with pytest.raises(EngineError, match="did not answer within 0 seconds"):
        engine.ask(f"{__name__}:sleeping", 2, seconds=0.2)
    assert engine.ask("builtins:sum", [1, 2], seconds=PATIENCE) == 3  # the worker is free again


@pytest.mark.slow
def test_a_question_over_which_a_worker_dies_is_asked_once_more(engine, tmp_path):
    died = tmp_path / "died"
    assert engine.ask(f"{__name__}:dying", str(died), 1, seconds=120) == "answered"
    assert died.read_text() == "x"
    for once, times in ((False, 2), (True, 1)):
        died.unlink()
        with pytest.raises(EngineError, match="worker crashed"):
            engine.ask(f"{__name__}:dying", str(died), 2, seconds=120, once=once)
        assert died.read_text() == times * "x"


def test_an_engine_that_has_not_started_says_so(desk):
    with pytest.raises(EngineError, match="still starting"):
        Engine(desk).ask("builtins:sum", [1, 2])
    early = Engine(desk)
    early.start(delay=600)
    with closing(early), pytest.raises(EngineError, match="still starting"):
        early.ask("builtins:sum", [1, 2])
