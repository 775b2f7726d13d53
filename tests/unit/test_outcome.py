"""What a training came to, and what is proposed next."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.evaluation.outcome import Outcome, OutcomeKind, outcome, rate_jump
from mnist_core.evaluation.overfitting import CRITERIA, Curves
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.studies.next_steps import MOST_STEPS, next_steps

NAN = float("nan")
EPOCHS = np.arange(1, 61)
FALLING = 2 * np.exp(-EPOCHS / 10)
TURNING = 1 + np.abs(EPOCHS - 20) / 100
FLAT = np.maximum(0.5, FALLING)


def found(
    loss=FALLING, val_loss=FALLING, accuracy=0.99, val_accuracy=0.98, se=1e-4, metric="accuracy"
) -> Outcome:
    curves = Curves(
        loss=np.asarray(loss, float),
        metric=np.full(len(loss), accuracy),
        val_loss=np.asarray(val_loss, float),
        val_metric=np.full(len(loss), val_accuracy),
        val_rise_se=np.full(len(loss), se),
    )
    return outcome(curves, CRITERIA["confirmed"].find(curves), metric, classes=10)


def test_each_kind_of_outcome() -> None:
    nothing = np.full(60, NAN)
    assert found().kind is OutcomeKind.IMPROVING
    assert found(val_loss=TURNING).kind is OutcomeKind.OVERFITTED
    assert found(loss=nothing, val_loss=nothing).kind is OutcomeKind.DIVERGED
    assert found(loss=1 / FALLING).kind is OutcomeKind.DIVERGED
    assert found(val_loss=nothing, val_accuracy=NAN).kind is OutcomeKind.UNVALIDATED
    assert found(val_loss=FLAT).kind is OutcomeKind.LEVELLED
    assert found(val_loss=FLAT, accuracy=0.6, val_accuracy=0.59).kind is OutcomeKind.UNDERFITTED
    assert found(val_loss=FLAT, val_accuracy=0.9).kind is OutcomeKind.GAP
    assert found(val_loss=TURNING, accuracy=0.13).kind is OutcomeKind.GUESSING
    assert found(val_loss=TURNING, accuracy=0.15).kind is OutcomeKind.OVERFITTED
    assert found(accuracy=0.13).kind is OutcomeKind.IMPROVING
    prices = found(val_loss=FLAT, accuracy=2.0, val_accuracy=3.0, metric="mae")
    assert (prices.kind, prices.gap) == (OutcomeKind.GAP, 1.5)
    assert found(loss=[1.0], val_loss=[1.0]).kind is OutcomeKind.IMPROVING


def test_a_rise_that_may_be_chance_is_seen_but_not_confirmed() -> None:
    rising = found(val_loss=TURNING, se=0.3)
    assert rising.kind is OutcomeKind.GAP
    assert (rising.best_epoch, rising.rise) == (20, pytest.approx(0.4))
    assert rising.within_chance
    assert rising.confirmable
    short = found(loss=FALLING[:25], val_loss=1 + (TURNING[:25] - 1) * 3)
    assert short.kind is OutcomeKind.GAP
    assert not short.within_chance
    assert not short.confirmable


@given(
    st.lists(
        st.tuples(*5 * [st.floats(min_value=0, width=32) | st.just(NAN)]), min_size=1, max_size=40
    ),
    st.sampled_from(sorted(CRITERIA)),
    st.sampled_from(["accuracy", "mae"]),
)
def test_any_curves_have_an_outcome(rows: list[tuple[float, ...]], key: str, metric: str) -> None:
    curves = Curves(*np.array(rows).T)
    result = outcome(curves, CRITERIA[key].find(curves), metric, classes=10)
    assert (result.best_epoch is None) == (not np.isfinite(curves.val_loss).any())
    for figure in (result.gap, result.rise):
        assert figure is None or np.isfinite(figure)


def test_a_learning_rate_is_named_where_the_loss_jumped() -> None:
    rates = np.where(EPOCHS < 30, 0.01, 0.1)
    assert rate_jump(FALLING, rates) is None
    jumped = np.where(EPOCHS < 31, FALLING, 3.0)
    jump = rate_jump(jumped, rates)
    assert jump is not None
    assert (jump.epoch, jump.before, jump.rate) == (30, 0.01, 0.1)


@pytest.mark.parametrize("kind", OutcomeKind)
@pytest.mark.parametrize("key", PRESETS)
def test_every_preset_has_something_to_try_after_any_outcome(kind: OutcomeKind, key: str) -> None:
    config = PRESETS[key].config
    if kind is OutcomeKind.UNVALIDATED:
        config = replace(config, validation_size=0)
    result = Outcome(kind, 3, 0.1, 0.1, within_chance=True, confirmable=True)
    steps = next_steps(config, result)
    assert 1 <= len(steps) <= MOST_STEPS
    if kind in (OutcomeKind.OVERFITTED, OutcomeKind.GAP, OutcomeKind.IMPROVING):
        assert len(steps) >= 2
    for step in steps:
        assert TrainingConfig.from_dict(step.config.to_dict()) == step.config  # can be trained
        changed = {
            name for name, value in step.config.to_dict().items() if value != config.to_dict()[name]
        }
        assert changed
        assert len(changed) == 1 or step.key == "validation"
    assert len({step.config for step in steps}) == len(steps)


def test_the_step_fits_what_was_seen() -> None:
    def keys(config: TrainingConfig, kind: OutcomeKind) -> list[str]:
        result = Outcome(kind, 90, 0.1, 0.1, within_chance=True, confirmable=True)
        return [step.key for step in next_steps(config, result)]

    few = TrainingConfig()
    assert "more-data" in keys(few, OutcomeKind.OVERFITTED)
    assert "more-validation" in keys(few, OutcomeKind.GAP)
    assert keys(few, OutcomeKind.IMPROVING)[0] == "longer"
    assert keys(few, OutcomeKind.UNDERFITTED)[0] == "larger-network"
    assert keys(few, OutcomeKind.DIVERGED)[0] == "smaller-rate"
    full = PRESETS["mlp-512"].config  # all of MNIST is in use
    assert "more-data" not in keys(full, OutcomeKind.OVERFITTED)
    assert "regularise" in keys(full, OutcomeKind.OVERFITTED)
