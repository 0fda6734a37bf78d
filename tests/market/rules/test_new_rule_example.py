"""The rule of the how-to page: short, and as whole as those of the package."""

import runpy
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from tests.market.rules.rule_cases import SETTINGS, walk

from isotherm.market.rules.recurrences import STEP
from isotherm.market.rules.rule import RuleOutput, WeightRule
from isotherm.market.rules.weights import calculate_weights, rule_outputs

DOCS = Path(__file__).parents[3] / "docs"
PARAMS = {
    "memory_days_1": [0.02, 0.03, 0.05],
    "memory_days_2": [0.2, 0.1, 0.4],
    "log_k": [1.0, 2.0, 0.5],
    "initial_weights": [0.3, 0.4, 0.3],
}


def test_the_example_is_under_forty_lines_and_on_its_page() -> None:
    lines = (DOCS / "examples" / "new_rule.py").read_text(encoding="utf-8").splitlines()
    assert sum(bool(line.strip()) for line in lines) < 40
    assert "examples/new_rule.py" in (DOCS / "howto" / "new-rule.md").read_text(encoding="utf-8")


def test_the_example_streams_looks_at_no_later_price_and_keeps_units() -> None:
    rule = runpy.run_path(str(DOCS / "examples" / "new_rule.py"))["CROSSING"]
    prices = walk(60, 1)
    rows, streamed = (rule_outputs(rule, PARAMS, prices, SETTINGS, form) for form in ("vectorized", "scan"))
    np.testing.assert_allclose(streamed.row, rows.row, rtol=0, atol=1e-13)
    np.testing.assert_allclose(rows.row.sum(1), 0, atol=1e-14)
    assert np.abs(rows.row).max() > 0.01
    found = calculate_weights(rule, PARAMS, prices, 6, 30, SETTINGS)
    changed = prices * np.where(np.arange(60)[:, None] < 24, 1.0, 1.5)
    other = calculate_weights(rule, PARAMS, changed * [1.0, 1.0, 1.0], 6, 30, SETTINGS)
    np.testing.assert_array_equal(other[:19], found[:19])
    scaled = calculate_weights(rule, PARAMS, prices * [1.0, 1000.0, 1.0], 6, 30, SETTINGS)
    np.testing.assert_allclose(scaled, found, rtol=0, atol=1e-13)


def test_a_rule_that_has_only_a_step_is_scanned() -> None:
    """The highest price so far is no decaying sum."""

    def advance(way, values, state, price):
        assert way is STEP
        top = jnp.maximum(state, price)
        drop = 1 - price / top
        return top, RuleOutput(drop - drop.mean(), {"top": top})

    rule = WeightRule(
        name="drop",
        keys=(),
        effective=lambda params, num_tokens, settings: {},
        init=lambda values, price: price,
        advance=advance,
        is_batched=False,
    )
    prices = walk(60, 2)
    found = rule_outputs(rule, {}, prices, SETTINGS)
    np.testing.assert_allclose(found.readouts["top"], np.maximum.accumulate(prices[::6])[1:])
    weights = calculate_weights(rule, {"initial_weights": [0.3, 0.4, 0.3]}, prices, 0, 40, SETTINGS)
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-14)
