"""What is said of settings that differ, and what a changed run is called."""

from __future__ import annotations

from itertools import combinations, product

from mnist_core.experiment.architectures import architectures_for
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs.store import NAME_LENGTH
from ui.common.setting_changes import differing, in_words, run_name
from ui.common.setting_labels import CHOICE_LABELS


def test_every_run_with_one_or_two_changed_settings_has_a_name_that_the_store_takes() -> None:
    for key, preset in PRESETS.items():
        before = preset.config.to_dict()
        values = {
            "architecture": list(architectures_for(preset.config.task)),
            "train_size": [7_000],
            "learning_rate": [0.000123],
            **{name: list(labels) for name, labels in CHOICE_LABELS.items() if name in before},
        }
        for one, other in combinations(values, 2):
            for first, second in product(values[one], values[other]):
                after = before | {one: first, other: second}
                name = run_name(key, before, after)
                assert len(name) <= NAME_LENGTH
                assert name.startswith(key)
                assert (name == key) == (not differing(before, after))


def test_differences_name_both_values() -> None:
    before = PRESETS["overfit-700"].config.to_dict()
    words = in_words(before, before | {"train_size": 7_000})
    assert "700" in words and "7,000" in words
    assert in_words(before, before) == ""
