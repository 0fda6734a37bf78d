"""Guardrails and signals in whole numbers against those in float64, a case at a time."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.deployment import fixed_signals as signals
from isotherm.market.deployment.fixed_guards import FixedGuards, guarded, limited_step, summing_to
from isotherm.market.deployment.fixed_math import ONE, Units
from isotherm.market.parameters.fixed_point import to_units
from isotherm.market.rules import guardrails, updates
from isotherm.market.rules.bounds import WeightBounds
from isotherm.market.rules.settings import RuleSettings

KINDS = ("clip", "projection", "kl_projection")
BOUNDS = ([0.05, 0.1, 0.0, 0.1], [0.6, 0.5, 0.4, 0.9])
PERIOD = 60
ROUNDING = 4e-16


def units(values) -> Units:
    return tuple(map(to_units, np.asarray(values, float).tolist()))


def floats(values: Units) -> np.ndarray:
    return np.array(values, float) / 1e18


def guards(kind: str = "clip", is_bounded: bool = False, floor: float = 0.04) -> FixedGuards:
    bounds = (units(BOUNDS[0]), units(BOUNDS[1])) if is_bounded else None
    return FixedGuards(to_units(floor), to_units(3e-4), PERIOD, kind, bounds)


@pytest.fixture(scope="module")
def move():
    """Target and step of the float64 rule, for rows of raw weights at once."""

    def of(raw, weights, kind, bounds):
        settings = RuleSettings(chunk_period=PERIOD, guardrail=kind, minimum_weight=0.04)
        target = guardrails.guarded(raw, weights, settings, bounds)
        return target, guardrails.limited((target - weights) / PERIOD, settings.maximum_change)

    @jax.jit
    def every(raw, weights):
        bounds = WeightBounds(*map(jnp.asarray, BOUNDS))
        cases = [(kind, is_bounded) for kind in KINDS for is_bounded in (False, True)]
        return {
            case: jax.vmap(functools.partial(of, kind=case[0], bounds=bounds if case[1] else None))(
                raw, weights
            )
            for case in cases
        }

    def found(raw, weights):
        with jax.enable_x64(True):
            return jax.tree.map(np.asarray, every(jnp.asarray(raw), jnp.asarray(weights)))

    return found


def test_moves_are_those_of_floats(move) -> None:
    rng = np.random.default_rng(3)
    weights = rng.dirichlet(np.ones(4), 200)
    spread = np.repeat([1e-3, 0.1, 1.0, 30.0], 50)[:, None]
    raw = weights + spread * rng.normal(size=(200, 4))
    raw[::17] = weights[::17] - 1.0  # no weight at all
    raw[5] = [0.2, 0.03, 0.75, 0.02]
    kinds = set()
    for (kind, is_bounded), (targets, steps) in move(raw, weights).items():
        for row in range(200):
            held = guards(kind, is_bounded)
            start = summing_to(ONE, units(weights[row]))
            target = guarded(units(raw[row]), start, held)
            step = limited_step(target, start, held)
            assert sum(target) == ONE
            assert sum(step) == 0
            scale = 1 + np.abs(raw[row]).max() / max(raw[row].sum(), 1e-3)
            np.testing.assert_allclose(floats(target), targets[row], rtol=0, atol=ROUNDING * scale * 4)
            np.testing.assert_allclose(floats(step), steps[row], rtol=0, atol=ROUNDING * scale)
            kinds.add((kind, bool(np.abs(steps[row]).max() > 2.99e-4), bool((targets[row] < 0.05).any())))
    assert len(kinds) == 12


def test_a_move_of_nothing_asked_for_keeps_the_weights() -> None:
    start = units([0.1, 0.2, 0.3, 0.4])
    assert guarded((0, 0, 0, 0), start, guards()) == start
    assert guarded((ONE, -ONE, 0, 0), start, guards()) == start
    assert limited_step(start, start, guards()) == (0, 0, 0, 0)


def test_weights_that_are_all_small_become_uniform() -> None:
    held = guards(floor=0.25)
    assert guarded((1, 1, 1, 1), units([0.25] * 4), held) == (ONE // 4,) * 4
    three = FixedGuards(to_units(0.33333), 1, 1, "clip", None)
    assert guarded(units([0.33333, 0.33333, 0.33334]), units([0.4, 0.3, 0.3]), three)[2] > ONE // 3
    above = three._replace(floor=ONE // 3 + 1)
    assert guarded(units([1.0, 1.0, 1.0]), units([0.4, 0.3, 0.3]), above) == (
        ONE // 3 + 1,
        ONE // 3,
        ONE // 3,
    )


def test_what_rounding_leaves_goes_to_the_largest() -> None:
    assert summing_to(10, (3, 5, 1)) == (3, 6, 1)
    assert summing_to(10, (3, 3, 3)) == (4, 3, 3)
    assert summing_to(0, (3, -3, 1), largest=0) == (2, -3, 1)


def test_a_step_is_limited_beyond_the_limit_only() -> None:
    held = FixedGuards(1, 10**14, 4, "clip", None)
    start = (ONE // 2, ONE // 2)
    at_limit = (ONE // 2 + 4 * 10**14, ONE // 2 - 4 * 10**14)
    assert limited_step(at_limit, start, held) == (10**14, -(10**14))
    beyond = (ONE // 2 + 8 * 10**14, ONE // 2 - 8 * 10**14)
    most = 8 * 10**14 * 10**14 // (8 * 10**14 + 4 * 10**8)
    assert limited_step(beyond, start, held) == (most, -most)


SIGNALS = st.lists(st.floats(-3, 3), min_size=3, max_size=3)


@given(x=SIGNALS, k=SIGNALS)
def test_changes_that_sum_to_zero(x: list[float], k: list[float]) -> None:
    scaled, aggressiveness = units(x), units(k)
    found = signals.zero_sum(scaled, aggressiveness)
    total = sum(aggressiveness)
    if total == 0:
        assert found == (0, 0, 0)
        return
    center = sum(a * b for a, b in zip(scaled, aggressiveness, strict=True)) / total / 1e18
    exact = floats(aggressiveness) * (floats(scaled) - center)
    np.testing.assert_allclose(floats(found), exact, rtol=1e-9, atol=1e-9 * (1 + np.abs(exact).max()))
    assert abs(sum(found)) <= 3


@given(
    gradients=st.tuples(*[st.floats(-0.5, 0.5)] * 3),
    width=st.floats(0.01, 2),
    amplitude=st.floats(-5, 5),
    exponent=st.floats(1, 3),
    scaling=st.floats(0.05, 2),
)
def test_channels_are_those_of_floats(gradients, width, amplitude, exponent, scaling) -> None:
    given_units = units([*gradients, width, amplitude, exponent, scaling])
    found = signals.channel_signal(given_units[:3], *given_units[3:]) / 1e18
    channel, trend, outer = gradients
    envelope = np.exp(-(outer**2) / (2 * width**2))
    y = np.pi * channel / (3 * width)
    exact = -amplitude * envelope * (y - y**3 / 6) / updates.TROUGH
    exact += (1 - envelope) * np.sign(trend) * abs(trend / (2 * scaling)) ** exponent
    assert found == pytest.approx(exact, rel=1e-12, abs=1e-14 * (1 + abs(amplitude)) * (1 + abs(y) ** 3))


def test_shares_and_caps_are_those_of_floats() -> None:
    rows = np.random.default_rng(1).dirichlet(0.4 * np.ones(4), 20)
    capped = jax.jit(updates.capped_shares)
    for caps in ([0.5] * 4, [0.3, 0.25, 0.9, 0.4], [0.25] * 4):
        with jax.enable_x64(True):
            exact = np.asarray(jax.vmap(capped, (0, None))(jnp.asarray(rows), jnp.asarray(caps)))
        for weights, expected in zip(rows, exact, strict=True):
            found = signals.capped_shares(units(weights), units(caps))
            np.testing.assert_allclose(floats(found), expected, rtol=0, atol=1e-15)
    assert signals.inverse_shares((0, 5, 0)) == (ONE // 2, 0, ONE // 2)
    assert signals.shares((1, 3)) == (ONE // 4, 3 * ONE // 4)
    assert signals.signed_power(-(10**9), ONE) == -(10**9)
