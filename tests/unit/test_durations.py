"""How long a training takes, told from earlier ones; and how long a queued run waits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.examples import known_examples
from mnist_core.experiment.architectures import ARCHITECTURES
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import EpochRecord, Run, RunStatus, Store
from mnist_core.runs.durations import (
    SAMPLE_SECONDS,
    Duration,
    estimate,
    reference_seconds,
    remaining,
    wait,
)
from tests.live_training import Training


def made(config: TrainingConfig, seconds: float, epochs: int | None = None, **changed) -> Run:
    """A run that took some seconds for some epochs (all of them, by default)."""
    epochs = config.epochs if epochs is None else epochs
    record = EpochRecord(
        epoch=epochs,
        loss=1.0,
        metric=0.5,
        val_loss=1.0,
        val_metric=0.5,
        val_loss_se=0.1,
        val_rise_se=0.0,
        learning_rate=0.01,
        seconds=seconds / max(1, epochs),
    )
    values = dict.fromkeys(Run.__dataclass_fields__) | {
        "id": "a" * 32,
        "number": 1,
        "config": config,
        "status": RunStatus.FINISHED,
        "created_at": 0.0,
        "active_seconds": seconds,
        "epochs_done": epochs,
        "last": record if epochs else None,
    }
    return Run(**(values | changed))


def queued(config: TrainingConfig, at: float) -> Run:
    return made(config, 0.0, 0, id=f"{int(at):032x}", status=RunStatus.QUEUED, created_at=at)


configs = st.builds(
    TrainingConfig,
    architecture=st.sampled_from([key for key in ARCHITECTURES if key in SAMPLE_SECONDS]).filter(
        lambda key: ARCHITECTURES[key].inputs == "images"
    ),
    train_size=st.integers(10, 20_000),
    validation_size=st.integers(10, 20_000),
    batch_size=st.integers(1, 600),
    epochs=st.integers(1, 2_000),
    augmentation=st.sampled_from(["none", "shape", "handwriting"]),
)
histories = st.lists(st.builds(made, configs, st.floats(0.1, 1e5)), max_size=6)


@given(configs, histories, st.integers(1, 1000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_more_epochs_or_samples_never_take_less_time(config, runs, epochs, train, validation):
    before = estimate(config, runs)
    more = replace(
        config,
        epochs=config.epochs + epochs,
        train_size=config.train_size + train,
        validation_size=config.validation_size + validation,
    )
    after = estimate(more, runs)
    assert before is not None and after is not None
    assert after.seconds > before.seconds > 0
    assert after.rough == before.rough


@given(configs, st.floats(0.1, 1e5))
def test_what_was_trained_before_takes_as_long_again(config, seconds):
    again = estimate(config, [made(config, seconds)])
    assert again is not None
    assert again.seconds == pytest.approx(seconds)
    assert not again.rough


def test_a_stopped_run_says_how_long_the_whole_takes():
    config = TrainingConfig(epochs=10_000)
    whole = estimate(config, [made(config, 100, epochs=5_000)])
    assert whole is not None and whole.seconds == pytest.approx(200, rel=0.1)


def test_a_slow_machine_is_slow_with_other_networks_too():
    config = PRESETS["mlp-512"].config
    other = PRESETS["lenet"].config
    reference = reference_seconds(other)
    assert reference is not None
    slow = made(config, 3 * (reference_seconds(config) or 0))
    assert estimate(other, [slow]) == Duration(pytest.approx(3 * reference), rough=True)


def test_the_likest_runs_of_the_network_count():
    config = PRESETS["reads-handwriting"].config
    plain = made(replace(config, augmentation="none"), 10_000.0)
    alike = made(config, 100.0)
    found = estimate(config, [plain, alike])
    assert found is not None and found.seconds == pytest.approx(100)


def test_an_example_is_a_rough_guide_and_a_taught_or_imported_run_is_none():
    config = PRESETS["mlp-512"].config
    example = made(config, 1_000.0, example="mlp-512")
    guess = Duration(pytest.approx(1_000.0), rough=True)
    misleading = [made(config, 9.0, lesson={}), made(config, 9.0, imported={})]
    assert estimate(config, [*misleading, example]) == guess
    assert estimate(config, misleading) == Duration(reference_seconds(config), rough=True)


def test_the_reference_is_within_three_of_how_long_the_examples_took():
    for key, example in known_examples().items():
        reference = reference_seconds(PRESETS[key].config, example.epochs)
        assert reference is not None
        assert 1 / 3 < reference / example.seconds < 3, key


def test_every_network_of_the_lab_has_its_own_figure():
    assert set(SAMPLE_SECONDS) == set(ARCHITECTURES)


def test_a_network_of_another_version_has_no_estimate():
    values = {"architecture": "of the future"}
    assert estimate(TrainingConfig.from_store(values), []) is None


def test_what_is_left_follows_from_the_recent_pace():
    config = TrainingConfig(epochs=100)
    run = made(config, 40.0, epochs=40, status=RunStatus.RUNNING)
    assert remaining(run, []) == pytest.approx(60)
    assert run.last is not None
    slower = replace(run, last=replace(run.last, seconds=5.0))
    assert remaining(slower, []) == pytest.approx(300)


def test_a_queued_run_waits_for_those_before_it():
    config = TrainingConfig(epochs=100)
    earlier = [made(config, 50.0)]  # so one takes 50 seconds
    training = made(config, 30.0, epochs=60, status=RunStatus.RUNNING)  # 20 seconds left
    first, second, third = (queued(config, at) for at in (1.0, 2.0, 3.0))
    active = [third, first, second, training]

    waits = [wait(run, active, earlier, 1) for run in (first, second, third)]
    assert [found.position for found in waits] == [1, 2, 3]
    assert [found.runs_ahead for found in waits] == [1, 2, 3]
    assert [found.seconds for found in waits] == pytest.approx([20, 70, 120])
    # With two workers one is free at once, and the next one in twenty seconds.
    waits = [wait(run, active, earlier, 2) for run in (first, second, third)]
    assert [found.seconds for found in waits] == pytest.approx([0, 20, 50])


def test_a_paused_run_keeps_nobody_waiting_and_an_unknown_network_no_promise():
    config = TrainingConfig(epochs=100)
    paused = made(config, 10.0, epochs=10, status=RunStatus.PAUSED)
    mine = queued(config, 9.0)
    assert wait(mine, [paused, mine], [], 1).seconds == 0
    strange = queued(TrainingConfig.from_store({"architecture": "of the future"}), 1.0)
    assert wait(mine, [strange, mine], [], 1).seconds is None


def test_the_store_lists_what_is_at_work_in_order(any_store: Store):
    ended = Training(any_store)
    ended.train(1)
    ended.end(RunStatus.STOPPED)
    at_work = Training(any_store)
    waiting = any_store.create(TrainingConfig())
    assert [run.id for run in any_store.list_active()] == [at_work.id, waiting.id]
