"""The sets of digits that the Data page shows: the same images that training draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import split, task
from ui.data import image_sets
from ui.data.image_sets import SETS, ImageSet, image_set, images, true_classes

CONFIG = TrainingConfig(train_size=500, validation_size=100, label_noise=0.2)
TAKEN_FROM_ONE_POOL = TrainingConfig(train_size=50_500, validation_size=200, sampling="stratified")


@pytest.mark.parametrize("config", [CONFIG, TAKEN_FROM_ONE_POOL])
def test_the_parts_are_those_that_training_draws(config: TrainingConfig) -> None:
    parts = split(task("mnist").load(), config)
    for name in ("train", "validation", "test"):
        part, found = getattr(parts, name), image_set(name, config)
        np.testing.assert_array_equal(found.labels, part.labels)
        np.testing.assert_array_equal(found.wrong, part.wrong)
        # Not all of them: 50,000 images are 40 MB.
        some = slice(0, 200)
        np.testing.assert_array_equal(images("mnist", found.numbers[some]), part.images_u8[some])


def test_all_of_mnist_are_the_training_images_and_then_the_test_images() -> None:
    data, everything = task("mnist").load(), image_set("all", CONFIG)
    assert len(everything.numbers) == 70_000
    np.testing.assert_array_equal(everything.numbers, np.arange(70_000))
    found = images("mnist", np.array([0, 59_999, 60_000, 69_999, 5]))
    expected = [data.x_train[0], data.x_train[-1], data.x_test[0], data.x_test[-1], data.x_train[5]]
    np.testing.assert_array_equal(found, np.stack(expected))
    np.testing.assert_array_equal(
        true_classes("mnist", np.array([59_999, 60_000])), [data.y_train[-1], data.y_test[0]]
    )


def test_labels_are_wrong_where_the_truth_is_another_one() -> None:
    train = image_set("train", CONFIG)
    np.testing.assert_array_equal(train.wrong, train.labels != true_classes("mnist", train.numbers))
    assert train.wrong.sum() == train.wrong_counts.sum() == 100
    assert train.counts.sum() == 500
    assert not image_set("validation", CONFIG).wrong.any()


def test_a_class_or_the_wrong_ones_are_chosen_in_order() -> None:
    train = image_set("train", CONFIG)
    sevens = train.chosen(7)
    np.testing.assert_array_equal(sevens.numbers, train.numbers[train.labels == 7])
    assert len(sevens.numbers) == train.counts[7]
    wrong = train.chosen(wrong=True)
    np.testing.assert_array_equal(wrong.numbers, train.numbers[train.wrong])
    assert len(train.chosen(7, wrong=True).numbers) == train.wrong_counts[7]


def test_pages_hold_every_image_once() -> None:
    train = image_set("train", CONFIG)
    pages = [train.page(number, 96).numbers for number in range(1, 8)]
    np.testing.assert_array_equal(np.concatenate(pages), train.numbers)
    assert [len(page) for page in pages] == [96, 96, 96, 96, 96, 20, 0]


def test_a_label_is_found_by_the_image() -> None:
    few = ImageSet("mnist", np.array([8, 3]), np.array([1, 2]), np.zeros(2, bool))
    assert (few.label_of(3), few.label_of(4)) == (2, None)


def test_folds_and_trainings_without_judges_are_drawn_too() -> None:
    folds = [
        TrainingConfig(train_size=48_000, validation_size=12_000, folds=5, fold=fold)
        for fold in (1, 2)
    ]
    judges = [image_set("validation", config).numbers for config in folds]
    assert [len(numbers) for numbers in judges] == [12_000, 12_000]
    assert not set(judges[0]) & set(judges[1])
    alone = replace(CONFIG, validation_size=0)
    assert len(image_set("validation", alone).numbers) == 0
    assert not image_sets.has_images("boston")


def test_settings_that_decide_nothing_here_share_the_sets() -> None:
    other = replace(CONFIG, epochs=7, architecture="lenet", augmentation="shape", batch_size=3)
    for name in SETS:
        assert image_set(name, CONFIG) is image_set(name, other)
    assert image_set("train", replace(CONFIG, seed=4)) is not image_set("train", CONFIG)
    assert image_sets.has_images("mnist")
