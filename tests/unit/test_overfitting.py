import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_core.evaluation.overfitting import (
    CRITERIA,
    DEFAULT_CRITERION,
    Curves,
    OverfittingPoint,
    confirmed_rise,
    generalisation_loss,
    lowest_validation_loss,
    patience,
)

NOTHING = OverfittingPoint(None, None)

# Eighths and sixty-fourths: exact in the float32 that Keras compares in.
finite = st.integers(0, 256).map(lambda number: number / 64)
losses = st.lists(finite, max_size=40)
broken = st.lists(finite | st.sampled_from([math.nan, math.inf, -math.inf]), max_size=40)


def array(values) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def curves(val_loss, val_rise_se=None) -> Curves:
    val_loss = array(val_loss)
    rise = np.zeros_like(val_loss) if val_rise_se is None else array(val_rise_se)
    return Curves(val_loss, val_loss, val_loss, val_loss, rise)


# ---- known answers


def test_the_lowest_epoch_is_known_in_hindsight():
    assert lowest_validation_loss(array([5, 3, 2, 4, 6])) == OverfittingPoint(3, 5)
    assert lowest_validation_loss(array([5, 2, 3, 2, 4])) == OverfittingPoint(2, 5)


def test_a_curve_that_falls_to_its_end_has_not_turned():
    for find in (lowest_validation_loss, generalisation_loss, patience):
        assert find(array(np.linspace(3, 1, 50))) == NOTHING
    assert confirmed_rise(array(np.linspace(3, 1, 50)), np.zeros(50)) == NOTHING


def test_generalisation_loss_stops_at_the_first_epoch_above_alpha():
    # Over the lowest, 1.0, the rises are 4 %, 5 % and 6 %.
    assert generalisation_loss(array([2, 1, 1.04, 1.05, 1.06, 0.5])) == OverfittingPoint(2, 5)
    assert generalisation_loss(array([2, 1, 1.04, 1.05, 1.06]), alpha=3) == OverfittingPoint(2, 3)
    assert generalisation_loss(array([2, 1, 1.04, 1.05, 1.06]), alpha=10) == NOTHING


def test_generalisation_loss_over_a_loss_of_zero():
    assert generalisation_loss(array([1, 0, 0, 0.001])) == OverfittingPoint(2, 4)


def test_patience_waits_for_epochs_without_improvement():
    curve = array([5, 3, 4, 4, 2, 3, 3, 3, 1])
    assert patience(curve, patience=2) == OverfittingPoint(2, 4)
    assert patience(curve, patience=3) == OverfittingPoint(5, 8)
    assert patience(curve, patience=4) == NOTHING


def test_patience_counts_an_improvement_only_past_min_delta():
    curve = array([2.0, 1.75, 1.5, 1.25, 1.0])
    assert patience(curve, patience=2) == NOTHING
    # A fall of exactly min_delta is none: 1.5 is not below 2.0 - 0.5, but 1.25 is.
    assert patience(curve, patience=2, min_delta=0.5) == OverfittingPoint(1, 3)
    assert patience(curve, patience=3, min_delta=0.5) == NOTHING


def test_patience_measures_min_delta_from_the_last_improvement():
    # Neither 1.6 nor 1.3 is 0.5 below the epoch before it, but 1.3 is 0.7 below the first.
    assert patience(array([2.0, 1.6, 1.3, 1.3, 1.3]), 2, 0.5) == OverfittingPoint(3, 5)


def test_a_rise_is_confirmed_by_m_epochs_in_a_row():
    curve = array([3, 1, 2, 2, 1.1, 2, 2, 2, 2])
    errors = array([0, 0, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2])
    assert confirmed_rise(curve, errors, z=2, m=2) == OverfittingPoint(2, 4)
    # The fifth epoch is only half a standard error above the best: the count begins again.
    assert confirmed_rise(curve, errors, z=2, m=3) == OverfittingPoint(2, 8)
    assert confirmed_rise(curve, errors, z=2, m=4) == OverfittingPoint(2, 9)
    assert confirmed_rise(curve, errors, z=2, m=5) == NOTHING


def test_a_rise_has_to_exceed_z_standard_errors():
    curve = array([1, 2, 2, 2])
    assert confirmed_rise(curve, array([0, 0.5, 0.5, 0.5]), z=2, m=2) == NOTHING
    assert confirmed_rise(curve, array([0, 0.5, 0.49, 0.49]), z=2, m=2) == OverfittingPoint(1, 4)
    assert confirmed_rise(curve, array([0, 0.5, 0.5, 0.5]), z=1.9, m=2) == OverfittingPoint(1, 3)


def test_a_lower_loss_after_a_confirmed_rise_begins_the_search_anew():
    risen = [3, 2, 4, 4, 4]
    assert confirmed_rise(array(risen), np.zeros(5), m=3) == OverfittingPoint(2, 5)
    assert confirmed_rise(array([*risen, 1]), np.zeros(6), m=3) == NOTHING
    assert confirmed_rise(array([*risen, 1, 2, 2]), np.zeros(8), m=3) == NOTHING
    assert confirmed_rise(array([*risen, 1, 2, 2, 2]), np.zeros(9), m=3) == OverfittingPoint(6, 9)


def test_a_standard_error_that_is_unknown_confirms_nothing():
    curve = array([1, 2, 2, 2, 2])
    assert confirmed_rise(curve, array([math.nan] * 5), m=2) == NOTHING
    half_known = array([math.nan, 0.1, math.nan, 0.1, 0.1])
    assert confirmed_rise(curve, half_known, m=2) == OverfittingPoint(1, 5)


def test_the_usual_numbers_are_two_standard_errors_and_ten_epochs():
    curve = array([1.0] + [1.5] * 10)
    assert confirmed_rise(curve, array([0.24] * 11)) == OverfittingPoint(1, 11)
    assert confirmed_rise(curve, array([0.25] * 11)) == NOTHING
    assert confirmed_rise(curve[:10], array([0.24] * 10)) == NOTHING
    assert patience(curve) == OverfittingPoint(1, 11)
    assert patience(curve[:10]) == NOTHING
    assert generalisation_loss(array([100, 105])) == NOTHING
    assert generalisation_loss(array([100, 105.01])) == OverfittingPoint(1, 2)


# ---- curves that are hardly any


@pytest.mark.parametrize("key", CRITERIA)
@pytest.mark.parametrize(
    "values",
    [[], [1.0], [math.nan], [math.inf], [math.nan] * 30, [math.inf] * 30, [math.nan, 1.0]],
    ids=str,
)
def test_nothing_is_found_where_there_is_nothing(key, values):
    assert CRITERIA[key].find(curves(values)) == NOTHING


def test_a_flat_curve_does_not_rise():
    flat = curves([1.0] * 30)
    assert CRITERIA["confirmed"].find(flat) == NOTHING
    assert CRITERIA["gl"].find(flat) == NOTHING
    # It does not improve either, and that is all that these two ask.
    assert CRITERIA["patience"].find(flat) == OverfittingPoint(1, 11)
    assert CRITERIA["lowest"].find(flat) == OverfittingPoint(1, 30)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_is_never_the_best_and_proves_nothing(bad):
    curve = [bad, 2.0, bad, 1.0, bad, bad, bad]
    assert CRITERIA["lowest"].find(curves(curve)) == OverfittingPoint(4, 7)
    assert generalisation_loss(array(curve)) == NOTHING
    assert confirmed_rise(array(curve), np.zeros(7), m=1) == NOTHING
    assert patience(array(curve), patience=3) == OverfittingPoint(4, 7)
    assert patience(array(curve), patience=4) == NOTHING


# ---- against the criterion spelled out, epoch by epoch


def slow_lowest(values):
    best, best_epoch = math.inf, None
    for epoch, value in enumerate(values, 1):
        if math.isfinite(value) and value < best:
            best, best_epoch = value, epoch
    if best_epoch in (None, len(values)):
        return NOTHING
    return OverfittingPoint(best_epoch, len(values))


def slow_generalisation_loss(values, alpha):
    best, best_epoch = math.inf, None
    for epoch, value in enumerate(values, 1):
        if not math.isfinite(value):
            continue
        if value < best:
            best, best_epoch = value, epoch
        elif value > 0 if best == 0 else 100 * (value / best - 1) > alpha:
            return OverfittingPoint(best_epoch, epoch)
    return NOTHING


def slow_patience(values, wait_for, min_delta):
    best, best_epoch, waited = math.inf, None, 0
    for epoch, value in enumerate(values, 1):
        if math.isfinite(value) and value + min_delta < best:
            best, best_epoch, waited = value, epoch, 0
        elif best_epoch is not None:
            waited += 1
            if waited >= wait_for:
                return OverfittingPoint(best_epoch, epoch)
    return NOTHING


def slow_confirmed(values, rise_errors, z, m):
    best, best_epoch, in_a_row, found = math.inf, None, 0, NOTHING
    for epoch, (value, error) in enumerate(zip(values, rise_errors, strict=True), 1):
        if math.isfinite(value) and value < best:
            best, best_epoch, in_a_row, found = value, epoch, 0, NOTHING
        elif math.isfinite(value) and value - best > z * error:
            in_a_row += 1
            if in_a_row == m and found == NOTHING:
                found = OverfittingPoint(best_epoch, epoch)
        else:
            in_a_row = 0
    return found


@settings(max_examples=300)
@given(broken)
def test_lowest_is_what_it_says(values):
    assert lowest_validation_loss(array(values)) == slow_lowest(values)


# Not a percentage that two of the losses could differ by exactly.
@settings(max_examples=300)
@given(broken, st.sampled_from([math.pi / 10, math.pi, 10 * math.pi, 100 * math.pi]))
def test_generalisation_loss_is_what_it_says(values, alpha):
    assert generalisation_loss(array(values), alpha) == slow_generalisation_loss(values, alpha)


@settings(max_examples=300)
@given(broken, st.integers(1, 8), st.integers(0, 64).map(lambda number: number / 64))
def test_patience_is_what_it_says(values, wait_for, min_delta):
    expected = slow_patience(values, wait_for, min_delta)
    assert patience(array(values), wait_for, min_delta) == expected


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            finite | st.sampled_from([math.nan, math.inf, -math.inf]),
            st.integers(0, 64).map(lambda number: number / 64) | st.just(math.nan),
        ),
        max_size=40,
    ),
    st.sampled_from([0.0, 1.0, 2.0]),
    st.integers(1, 6),
)
def test_a_confirmed_rise_is_what_it_says(rows, z, m):
    values, errors = [row[0] for row in rows], [row[1] for row in rows]
    assert confirmed_rise(array(values), array(errors), z, m) == slow_confirmed(
        values, errors, z, m
    )


@settings(max_examples=60, deadline=None)
@given(losses, st.integers(0, 6), st.integers(0, 64).map(lambda number: number / 64))
def test_patience_stops_where_keras_stops(values, wait_for, min_delta):
    import keras

    stopping = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=wait_for, min_delta=min_delta
    )
    stopping.set_model(keras.Sequential())
    stopping.model.stop_training = False
    stopping.on_train_begin()
    expected = NOTHING
    for epoch, value in enumerate(values):
        stopping.on_epoch_end(epoch, {"val_loss": value})
        if stopping.model.stop_training:
            expected = OverfittingPoint(stopping.best_epoch + 1, epoch + 1)
            break
    assert patience(array(values), wait_for, min_delta) == expected


@given(broken)
def test_what_is_found_lies_in_the_curve_and_is_known_after_it_was(values):
    for criterion in CRITERIA.values():
        point = criterion.find(curves(values))
        if point != NOTHING:
            assert 1 <= point.best_epoch < point.detected_epoch <= len(values)


# ---- the table


def test_the_criteria_in_their_order():
    assert list(CRITERIA) == ["confirmed", "lowest", "gl", "patience"]
    assert DEFAULT_CRITERION == "confirmed"
    for key, criterion in CRITERIA.items():
        assert criterion.key == key
        assert criterion.label
        assert criterion.source
        assert criterion.summary.endswith(".")


def test_each_criterion_reads_the_curve_that_it_is_about():
    # One curve on which the four disagree; the other curves would give other answers.
    val_loss = [3.0, 2.0, 2.2, 1.0] + [1.02] * 12
    rise = [0.0, 0.0, 0.01, 0.0] + [0.005] * 12
    falling = np.linspace(9, 1, 16)
    given_curves = Curves(falling, falling, array(val_loss), falling, array(rise))
    assert {key: criterion.find(given_curves) for key, criterion in CRITERIA.items()} == {
        "confirmed": OverfittingPoint(4, 14),
        "lowest": OverfittingPoint(4, 16),
        "gl": OverfittingPoint(2, 3),
        "patience": OverfittingPoint(4, 14),
    }


@pytest.mark.parametrize("key", CRITERIA)
@pytest.mark.parametrize("shape", ["noise", "falling", "valley"])
def test_twenty_thousand_epochs_take_less_than_five_milliseconds(key, shape):
    count = 20_000
    val_loss = {
        "noise": np.random.default_rng(0).random(count),
        "falling": np.linspace(2, 1, count),
        "valley": np.abs(np.linspace(-1, 1, count)) + 1,
    }[shape]
    given_curves = curves(val_loss, np.full(count, 0.01))
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        CRITERIA[key].find(given_curves)
        seconds.append(time.perf_counter() - start)
    # The quickest: the others may have waited for another process.
    assert min(seconds) < 0.005
