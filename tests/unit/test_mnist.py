import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_core.errors import ConfigError, DataError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import TASKS, prepare, split, task
from mnist_core.tasks.mnist import DATA_FILE, load

SAMPLINGS = ("random", "stratified")


@pytest.fixture(scope="module")
def data_bytes() -> bytes:
    return DATA_FILE.read_bytes()


# ---- the file


def test_the_data_is_mnist():
    dataset = load()
    assert dataset.x_train.shape == (60_000, 28, 28)
    assert dataset.x_test.shape == (10_000, 28, 28)
    for array in (dataset.x_train, dataset.y_train, dataset.x_test, dataset.y_test):
        assert array.dtype == np.uint8
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    # The published counts of each digit, and the famous first five.
    assert np.bincount(dataset.y_train).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert dataset.y_train[0] == 5
    assert dataset.y_test[0] == 7


def test_the_data_is_read_once():
    assert load() is load() is task("mnist").load()


def test_a_missing_file_is_said_so_and_how_to_get_it_back(tmp_path):
    with pytest.raises(DataError) as raised:
        load(tmp_path / "mnist.npz")
    assert raised.value.values == {"file": "mnist.npz"}
    assert "git checkout -- mnist_core/data/mnist.npz" in raised.value.remedy
    assert str(tmp_path) not in str(raised.value)


@pytest.mark.parametrize("size", [0, 1, 1_000_000, -1])
def test_a_file_that_is_cut_short_is_said_so(tmp_path, data_bytes, size):
    path = tmp_path / "mnist.npz"
    path.write_bytes(data_bytes[:size])
    with pytest.raises(DataError) as raised:
        load(path)
    expected = {"file": "mnist.npz", "size": len(data_bytes[:size]), "expected": len(data_bytes)}
    assert raised.value.values == expected
    assert "git checkout" in raised.value.remedy


@pytest.mark.parametrize("place", [0, 5_000_000, 11_490_518])
def test_one_altered_byte_is_noticed(tmp_path, data_bytes, place):
    path = tmp_path / "mnist.npz"
    altered = bytearray(data_bytes)
    altered[place] ^= 1
    path.write_bytes(altered)
    with pytest.raises(DataError) as raised:
        load(path)
    assert raised.value.values["digest"] == hashlib.sha256(altered).hexdigest()[:12]
    assert "git checkout" in raised.value.remedy


def test_something_after_the_end_is_noticed(tmp_path, data_bytes):
    path = tmp_path / "mnist.npz"
    path.write_bytes(data_bytes + b"x")
    with pytest.raises(DataError) as raised:
        load(path)
    assert "digest" in raised.value.values


def test_a_pickle_in_its_place_is_never_opened(tmp_path):
    path = tmp_path / "mnist.npz"
    # Long enough to pass for the real file until its hash is taken.
    np.savez(path, x_train=np.array([None], dtype=object), allow_pickle=True)
    path.write_bytes(path.read_bytes().ljust(11_490_519, b"\0"))
    with pytest.raises(DataError) as raised:
        load(path)
    assert "digest" in raised.value.values


def test_what_cannot_be_read_at_all_is_said_so(tmp_path):
    path = tmp_path / "mnist.npz"
    path.mkdir()
    with pytest.raises(DataError) as raised:
        load(path)
    assert raised.value.values["file"] == "mnist.npz"
    assert raised.value.values["reason"]


def test_a_damaged_file_that_is_restored_can_be_used_at_once(tmp_path, data_bytes):
    path = tmp_path / "mnist.npz"
    path.write_bytes(data_bytes[:-1])
    with pytest.raises(DataError):
        load(path)
    path.write_bytes(data_bytes)
    np.testing.assert_array_equal(load(path).y_test, load().y_test)


def test_the_licence_lies_beside_the_data():
    licence = (Path(DATA_FILE).parent / "LICENSE-mnist.md").read_text(encoding="utf-8")
    for words in ("CC BY-SA 3.0", "Yann LeCun", "Corinna Cortes"):
        assert words in licence


# ---- the splits


@st.composite
def shares(draw: st.DrawFn) -> TrainingConfig:
    train_size = draw(st.integers(10, 59_990))
    return TrainingConfig(
        train_size=train_size,
        validation_size=draw(st.integers(10, 60_000 - train_size)),
        sampling=draw(st.sampled_from(SAMPLINGS)),
        label_noise=draw(st.floats(0, 0.5)),
        seed=draw(st.integers(0, 2**31 - 1)),
    )


@settings(max_examples=40, deadline=None)
@given(shares())
def test_what_holds_for_every_split(config):
    dataset = load()
    splits = split(dataset, config)
    train, validation, test = splits.train, splits.validation, splits.test

    # Sizes, and no image twice, neither within a part nor in both.
    assert len(train.indices) == config.train_size
    assert len(validation.indices) == config.validation_size
    both = np.concatenate([train.indices, validation.indices])
    assert len(np.unique(both)) == config.train_size + config.validation_size
    assert both.min() >= 0
    assert both.max() < 60_000
    if config.train_size <= 50_000 and config.validation_size <= 10_000:
        assert train.indices.max() < 50_000 <= validation.indices.min()

    # Each label is the image's own, but for exactly the share that was to be wrong.
    true_labels = dataset.y_train[train.indices]
    np.testing.assert_array_equal(train.labels != true_labels, train.wrong)
    assert train.wrong.sum() == round(config.label_noise * config.train_size)
    assert set(np.unique(train.labels)) <= set(range(10))
    np.testing.assert_array_equal(validation.labels, dataset.y_train[validation.indices])
    assert not validation.wrong.any()

    # The test set is all of it, in order, as it came.
    np.testing.assert_array_equal(test.indices, np.arange(10_000))
    np.testing.assert_array_equal(test.labels, dataset.y_test)
    assert not test.wrong.any()

    for part, images in ((train, dataset.x_train), (validation, dataset.x_train)):
        some = slice(None, None, max(1, len(part.indices) // 50))
        np.testing.assert_array_equal(part.images_u8[some], images[part.indices[some]])
    for part in (train, validation, test):
        assert part.images_u8.shape == (len(part.labels), 28, 28)
        assert part.images_u8.dtype == np.uint8
        assert part.labels.dtype == part.indices.dtype == np.int64
        assert part.wrong.dtype == bool


@settings(max_examples=8, deadline=None)
@given(shares())
def test_the_same_config_draws_the_same_and_another_seed_does_not(config):
    first, again = split(load(), config), split(load(), config)
    other = split(load(), replace(config, seed=(config.seed + 1) % 2**31))
    for name in ("train", "validation"):
        for array in ("indices", "labels", "wrong", "images_u8"):
            np.testing.assert_array_equal(
                getattr(getattr(first, name), array), getattr(getattr(again, name), array)
            )
        assert not np.array_equal(getattr(first, name).indices, getattr(other, name).indices)


@settings(max_examples=40, deadline=None)
@given(shares())
def test_a_stratified_part_has_the_shares_of_its_pool_within_one_image(config):
    labels = load().y_train
    splits = split(load(), replace(config, sampling="stratified"))
    everyone = np.arange(60_000)
    apart = config.train_size <= 50_000 and config.validation_size <= 10_000
    train_pool = everyone[:50_000] if apart else everyone
    validation_pool = everyone[50_000:] if apart else np.setdiff1d(everyone, splits.train.indices)
    for part, pool in ((splits.train, train_pool), (splits.validation, validation_pool)):
        exact = np.bincount(labels[pool], minlength=10) * len(part.indices) / len(pool)
        counts = np.bincount(labels[part.indices], minlength=10)
        assert np.abs(counts - exact).max() < 1


def test_a_stratified_choice_by_hand():
    # 50,000 hold 4932 zeros, 5678 ones, …: of 25 that is 2.466, 2.839, 2.484, 2.550, 2.430,
    # 2.253, 2.476, 2.588, 2.421, 2.494. Two each makes 20; the five largest remainders get one.
    splits = split(load(), TrainingConfig(train_size=25, sampling="stratified"))
    counts = np.bincount(load().y_train[splits.train.indices], minlength=10)
    assert counts.tolist() == [2, 3, 3, 3, 2, 2, 2, 3, 2, 3]


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_a_whole_pool_can_be_drawn(sampling):
    config = TrainingConfig(train_size=50_000, validation_size=10_000, sampling=sampling)
    splits = split(load(), config)
    np.testing.assert_array_equal(np.sort(splits.train.indices), np.arange(50_000))
    np.testing.assert_array_equal(np.sort(splits.validation.indices), np.arange(50_000, 60_000))
    # Drawn, not cut: the order is not the file's.
    assert (np.diff(splits.train.indices) < 0).mean() > 0.4


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize(("train", "validation"), [(59_990, 10), (50_001, 10), (10, 10_001)])
def test_a_pool_that_is_too_small_gives_way_to_all_images(sampling, train, validation):
    config = TrainingConfig(train_size=train, validation_size=validation, sampling=sampling)
    splits = split(load(), config)
    drawn = splits.train if train > validation else splits.validation
    # Both ends of the file take part, in proportion.
    assert (drawn.indices >= 50_000).mean() == pytest.approx(1 / 6, abs=0.02)
    assert not np.intersect1d(splits.train.indices, splits.validation.indices).size


def test_what_is_no_choice_of_images_leaves_them_as_they_are():
    config = TrainingConfig()
    plain = split(load(), config)
    for change in (
        {"label_noise": 0.3},
        {"epochs": 5, "batch_size": 32, "optimizer": "adam"},
        {"architecture": "lenet", "pixel_scaling": "raw"},
    ):
        changed = split(load(), replace(config, **change))
        np.testing.assert_array_equal(changed.train.indices, plain.train.indices)
        np.testing.assert_array_equal(changed.validation.indices, plain.validation.indices)


def test_more_images_keep_those_already_drawn():
    few = split(load(), TrainingConfig(train_size=700))
    many = split(load(), TrainingConfig(train_size=5_000))
    np.testing.assert_array_equal(many.train.indices[:700], few.train.indices)
    np.testing.assert_array_equal(many.validation.indices, few.validation.indices)


def test_more_noise_keeps_the_labels_already_wrong():
    little = split(load(), TrainingConfig(label_noise=0.1)).train
    much = split(load(), TrainingConfig(label_noise=0.4)).train
    np.testing.assert_array_equal(much.labels[little.wrong], little.labels[little.wrong])
    assert much.wrong[little.wrong].all()


def test_a_wrong_label_is_any_of_the_other_nine():
    config = TrainingConfig(train_size=50_000, label_noise=0.5)
    part = split(load(), config).train
    steps = (part.labels[part.wrong] - load().y_train[part.indices[part.wrong]]) % 10
    counts = np.bincount(steps, minlength=10)
    assert counts[0] == 0
    # 25,000 thrown on nine: 2,778 each, standard deviation 50.
    assert np.abs(counts[1:] - 25_000 / 9).max() < 250


def test_a_part_cannot_be_written_to():
    part = split(load(), TrainingConfig()).train
    for array in (part.images_u8, part.labels, part.indices, part.wrong):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


# ---- the pixels


@pytest.mark.parametrize("input_shape", [(784,), (28, 28, 1)])
def test_unit_pixels_are_the_grey_levels_over_255(input_shape):
    images = np.arange(784, dtype=np.uint16).astype(np.uint8).reshape(1, 28, 28)
    pixels = prepare(images, scaling="unit", input_shape=input_shape)
    assert pixels.dtype == np.float32
    assert pixels.shape == (1, *input_shape)
    expected = np.array([i % 256 for i in range(784)], dtype=np.float32) / np.float32(255)
    np.testing.assert_array_max_ulp(pixels.reshape(-1), expected, maxulp=1)
    assert (pixels.min(), pixels.max()) == (0, 1)


def test_raw_pixels_stay_as_they_are():
    images = load().x_train[:20]
    pixels = prepare(images, scaling="raw", input_shape=(784,))
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels, images.reshape(20, 784))
    assert pixels.max() == 255


def test_preparing_leaves_the_images_alone():
    images = load().x_train[:5].copy()
    prepare(images, scaling="unit", input_shape=(28, 28, 1))[:] = 7
    np.testing.assert_array_equal(images, load().x_train[:5])


def test_no_image_is_prepared_to_no_image():
    none = np.empty((0, 28, 28), dtype=np.uint8)
    assert prepare(none, scaling="unit", input_shape=(784,)).shape == (0, 784)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 28, 28), dtype=np.float32),
        np.zeros((2, 28, 28), dtype=np.int64),
        np.zeros((28, 28), dtype=np.uint8),
        np.zeros((2, 784), dtype=np.uint8),
        np.zeros((2, 28, 28, 1), dtype=np.uint8),
    ],
)
def test_images_of_another_type_or_shape_are_refused(images):
    with pytest.raises(DataError) as raised:
        prepare(images, scaling="unit", input_shape=(784,))
    assert raised.value.values == {"type": images.dtype, "shape": images.shape}


def test_an_unknown_scaling_or_input_shape_is_refused():
    images = np.zeros((1, 28, 28), dtype=np.uint8)
    with pytest.raises(ConfigError) as raised:
        prepare(images, scaling="units", input_shape=(784,))
    assert (raised.value.values["field"], raised.value.values["value"]) == (
        "pixel_scaling",
        "'units'",
    )
    with pytest.raises(ConfigError) as raised:
        prepare(images, scaling="unit", input_shape=(14, 56))
    assert raised.value.values == {"shape": "(14, 56)"}


# ---- the table


def test_the_task_tells_training_what_it_needs():
    entry = TASKS["mnist"]
    assert entry.classes == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    assert (entry.loss, entry.metric) == ("sparse_categorical_crossentropy", "accuracy")


def test_an_unknown_task_is_met_with_the_known_ones():
    with pytest.raises(ConfigError) as raised:
        task("imagenet")
    assert raised.value.values["value"] == "'imagenet'"
    assert "mnist" in raised.value.values["names"].split(", ")
