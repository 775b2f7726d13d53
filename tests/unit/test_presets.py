import pytest

from mnist_core.errors import ConfigError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS, preset

# architecture, train, validation, batch, epochs, optimizer, rate, pixels: as in the tutorials.
EXPECTED = {
    "overfit-700": ("relu-2", 700, 300, 10, 1000, "sgd", 0.01, "unit"),
    "mlp-512": ("relu-512", 50_000, 10_000, 128, 5, "rmsprop", 1e-3, "unit"),
    "regularised": ("regularised-512-512", 50_000, 10_000, 128, 4, "adam", 1e-3, "unit"),
    "reads-handwriting": ("strided", 54_000, 6_000, 128, 15, "adam", 5e-4, "unit"),
    "lenet": ("lenet", 54_000, 6_000, 128, 10, "adam", 1e-3, "unit"),
    "softmax": ("softmax", 50_000, 10_000, 128, 50, "rmsprop", 1e-4, "raw"),
    "mlp-500-500": ("relu-500-500", 50_000, 10_000, 128, 50, "rmsprop", 1e-4, "raw"),
    "tanh-200-100": ("tanh-200-100", 50_000, 10_000, 32, 5, "adam", 1e-3, "unit"),
    "imdb": ("text-16-16", 15_000, 10_000, 512, 20, "rmsprop", 1e-3, "unit"),
    "reuters": ("text-64-64", 7_982, 1_000, 512, 20, "rmsprop", 1e-3, "unit"),
    "boston": ("table-64-64", 303, 101, 16, 100, "rmsprop", 1e-3, "unit"),
    "california": ("table-64-64", 12_512, 4_000, 64, 30, "rmsprop", 1e-3, "unit"),
    "fashion": ("relu-512", 50_000, 10_000, 128, 10, "rmsprop", 1e-3, "unit"),
}


def test_the_presets_in_their_order():
    assert list(PRESETS) == list(EXPECTED)


@pytest.mark.parametrize("key", EXPECTED)
def test_a_preset_is_the_experiment_of_its_source(key):
    config = preset(key).config
    assert EXPECTED[key] == (
        config.architecture,
        config.train_size,
        config.validation_size,
        config.batch_size,
        config.epochs,
        config.optimizer,
        config.learning_rate,
        config.pixel_scaling,
    )
    # What no source has.
    assert (config.sampling, config.label_noise, config.patience) == ("random", 0.0, None)
    assert (config.momentum, config.min_delta) == (0.0, 0.0)
    assert config.augmentation == ("handwriting" if key == "reads-handwriting" else "none")


def test_the_first_preset_is_the_default_config():
    assert preset("overfit-700").config == TrainingConfig()


@pytest.mark.parametrize("key", EXPECTED)
def test_a_preset_says_what_it_is_and_what_to_look_for(key):
    entry = preset(key)
    assert entry.key == key
    assert entry.label
    assert entry.source
    assert entry.summary.endswith(".")
    assert entry.look_for.endswith(".")
    assert entry.teaches.endswith(".")
    assert entry.then_try.startswith("Then ")


def test_the_labels_tell_the_presets_apart():
    assert len({entry.label for entry in PRESETS.values()}) == len(PRESETS)


def test_an_unknown_preset_is_met_with_the_nearest():
    with pytest.raises(ConfigError) as raised:
        preset("overfit")
    assert raised.value.values["field"] == "preset"
    assert raised.value.values["near"] == "overfit-700"
