"""Weights of every minute of a bout, from raw parameters and prices: the doors of this room."""

import functools
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float

from isotherm.market.numbers import known
from isotherm.market.rules import coarse
from isotherm.market.rules.bounds import WeightBounds
from isotherm.market.rules.checks import (
    bounds_as_float64,
    checked_bout,
    checked_inputs,
    checked_state,
    positive,
)
from isotherm.market.rules.coarse import CoarseRun, CoarseWeights, Start, StrategyState
from isotherm.market.rules.recurrences import Form
from isotherm.market.rules.rule import Params, RuleOutput, WeightRule
from isotherm.market.rules.settings import Method, RuleSettings

DEFAULTS = RuleSettings()


def calculate_weights(
    rule: WeightRule | str,
    params: Mapping[str, Any],
    prices: Any,
    start_index: Start,
    bout_length: int,
    settings: RuleSettings = DEFAULTS,
    method: Method | str = "auto",
    *,
    supply: Any = None,
    bounds: WeightBounds | None = None,
    state: StrategyState | None = None,
) -> Float[Array | np.ndarray, "minutes n"]:
    """Weights of each minute of a bout.

    A weight depends on prices of earlier minutes only. Estimators are warmed on all prices before the bout. Works
    under ``jit``, ``vmap`` over sets and over start indices, and ``grad`` by parameters; a start that is traced and
    leaves too few prices gives NaN.

    Args:
        rule: a rule, or the name of one of :data:`.registry.RULES`.
        params: raw parameters of one set by key, ``(n,)`` or ``(1,)``; others than the rule's are not read.
        prices: above 0, a row a minute, ``(minutes, n)``.
        start_index: first minute of the bout, at least 0.
        bout_length: minutes of the bout and one, at least 2.
        settings: timing and guardrails.
        method: ``"vectorized"`` runs rules on all prices at once, ``"scan"`` one after the other; ``"auto"``
            chooses the first where a rule has it. They agree to rounding.
        supply: circulating, of rules of capitalisation only, ``(n,)`` or a row a minute.
        bounds: least and most weight of each token, or None.
        state: to go on from, which a :func:`run_weights` up to ``start_index`` left; with ``"scan"`` a bout in two
            parts is that in one to the last bit.

    Returns:
        ``(bout_length - 1, n)``, float64, of NumPy; traced if anything given is.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument that is out of range, a parameter that is missing, or ``prices`` if they end
            before the last update that the bout shows.

    References:
        Willetts and Harrington, Closed-form solutions for generic N-token AMM arbitrage, arXiv 2402.06731 (2024).

    >>> prices = np.ones((7, 2))
    >>> params = {"log_k": [3.0], "logit_lamb": [1.0], "initial_weights": [0.25, 0.75]}
    >>> calculate_weights("momentum", params, prices, 0, 6, RuleSettings(chunk_period=2))[-1].tolist()
    [0.25, 0.75]
    """
    given = checked_bout(
        rule, params, prices, start_index, bout_length, settings, method, supply, bounds, state
    )
    with jax.enable_x64(True):
        return known(_minutes(**given))


def run_weights(
    rule: WeightRule | str,
    params: Mapping[str, Any],
    prices: Any,
    start_index: Start,
    bout_length: int,
    settings: RuleSettings = DEFAULTS,
    method: Method | str = "auto",
    *,
    supply: Any = None,
    bounds: WeightBounds | None = None,
    state: StrategyState | None = None,
) -> CoarseRun:
    """As :func:`calculate_weights`, chunk by chunk, with readouts and the state to go on from.

    A pool that interpolates lazily hands each block to :func:`.coarse.minutes_of`. The state is that before the last
    block: a run goes on from it at minute ``start_index + (blocks - 1) chunk_period``, showing that block anew.

    Args:
        rule: as there, like all that follow.
        params: raw parameters.
        prices: ``(minutes, n)``.
        start_index: first minute.
        bout_length: minutes and one.
        settings: timing and guardrails.
        method: how the rule is run.
        supply: of rules of capitalisation.
        bounds: of each token.
        state: to go on from.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: as there.

    >>> params = {"log_k": [3.0], "logit_lamb": [1.0], "initial_weights": [0.25, 0.75]}
    >>> run = run_weights("momentum", params, np.ones((7, 2)), 0, 6, RuleSettings(chunk_period=2))
    >>> run.blocks.target.shape, run.state.weights.tolist()
    ((3, 2), [0.25, 0.75])
    """
    given = checked_bout(
        rule, params, prices, start_index, bout_length, settings, method, supply, bounds, state
    )
    with jax.enable_x64(True):
        return known(_blocks(**given))


def minutes_of_run(
    run: CoarseRun, bout_length: int, settings: RuleSettings = DEFAULTS
) -> Float[Array | np.ndarray, "minutes n"]:
    """Weights of each minute of a bout from its blocks: what :func:`calculate_weights` gives, without a second run.

    Args:
        run: of :func:`run_weights`.
        bout_length: that it was run with.
        settings: that it was run with.

    Returns:
        ``(bout_length - 1, n)``, as there.

    >>> params = {"log_k": [3.0], "logit_lamb": [1.0], "initial_weights": [0.25, 0.75]}
    >>> settings = RuleSettings(chunk_period=2)
    >>> run = run_weights("momentum", params, np.ones((7, 2)), 0, 6, settings)
    >>> minutes_of_run(run, 6, settings).shape
    (5, 2)
    """
    with jax.enable_x64(True):
        return known(_shown(run.blocks, bout_length, settings))


def rule_outputs(
    rule: WeightRule | str,
    params: Mapping[str, Any],
    prices: Any,
    settings: RuleSettings = DEFAULTS,
    method: Method | str = "auto",
    *,
    supply: Any = None,
) -> RuleOutput:
    """What a rule asks for at every chunk of the data, and its readouts.

    Args:
        rule: a rule, or the name of one.
        params: raw parameters of one set.
        prices: above 0, ``(minutes, n)``.
        settings: timing and memory.
        method: how the rule is run.
        supply: of rules of capitalisation.

    Returns:
        Rows of changes or targets, float64 ``(chunks - 1, n)``, or ``(chunks, n)`` for a rule whose first row needs
        one price; readouts lead with as many rows.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: as :func:`calculate_weights`.

    >>> params = {"log_k": [3.0], "logit_lamb": [1.0]}
    >>> rule_outputs("momentum", params, np.ones((7, 2)), RuleSettings(chunk_period=2)).row.tolist()
    [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    """
    given = checked_inputs(rule, params, prices, settings, method, supply)
    with jax.enable_x64(True):
        return known(_outputs(**given))


def warm_state(
    rule: WeightRule | str,
    params: Mapping[str, Any],
    prices: Any,
    settings: RuleSettings = DEFAULTS,
    *,
    supply: Any = None,
) -> StrategyState:
    """A strategy that has seen prices and holds its initial weights, before its first move.

    Args:
        rule: a rule, or the name of one.
        params: raw parameters of one set.
        prices: above 0, ``(minutes, n)``; the next one that :func:`next_block` takes is that of the chunk after.
        settings: timing and memory.
        supply: of rules of capitalisation.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: as :func:`calculate_weights`.
    """
    given = checked_inputs(rule, params, prices, settings, "scan", supply)
    del given["form"]
    with jax.enable_x64(True):
        return known(_warmed(**given))


def next_block(
    rule: WeightRule | str,
    params: Mapping[str, Any],
    state: StrategyState,
    price: Any,
    settings: RuleSettings = DEFAULTS,
    *,
    supply: Any = None,
    bounds: WeightBounds | None = None,
) -> tuple[CoarseWeights, StrategyState]:
    """One update of a running strategy: the price at a chunk's start gives the block that begins there.

    Args:
        rule: a rule, or the name of one.
        params: raw parameters of one set.
        state: of :func:`warm_state`, :func:`run_weights` or the update before.
        price: above 0, ``(n,)``.
        settings: timing and guardrails.
        supply: of rules of capitalisation, ``(n,)``.
        bounds: of each token.

    Returns:
        The block, ``(n,)`` each, and the state after it.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: as :func:`calculate_weights`.

    >>> params = {"log_k": [3.0], "logit_lamb": [1.0], "initial_weights": [0.25, 0.75]}
    >>> state = warm_state("momentum", params, np.ones((1, 2)))
    >>> block, state = next_block("momentum", params, state, [1.0, 2.0])
    >>> bool(block.target[1] > block.start[1])
    True
    """
    with jax.enable_x64(True):
        checked_state(state, is_needed=True)
        rows = positive("price", price, (1,))[None]
        given = checked_inputs(rule, params, rows, settings, "scan", supply)
        del given["form"]
        held = bounds_as_float64(bounds, given["series"].shape[1])
        return known(_advanced(state=state, bounds=held, **given))


@functools.partial(jax.jit, static_argnames=("rule", "bout_length", "settings", "form"))
def _blocks(
    rule: WeightRule,
    params: Params,
    series: Array,
    first_chunk: Array,
    bout_length: int,
    settings: RuleSettings,
    form: Form,
    bounds: WeightBounds | None,
    state: StrategyState | None,
) -> CoarseRun:
    blocks = coarse.num_blocks(bout_length, settings.chunk_period)
    return coarse.coarse_weights(rule, params, series, first_chunk, blocks, settings, form, bounds, state)


@functools.partial(jax.jit, static_argnames=("rule", "bout_length", "settings", "form"))
def _minutes(
    rule: WeightRule,
    params: Params,
    series: Array,
    first_chunk: Array,
    bout_length: int,
    settings: RuleSettings,
    form: Form,
    bounds: WeightBounds | None,
    state: StrategyState | None,
) -> Float[Array, "minutes n"]:
    run = _blocks(rule, params, series, first_chunk, bout_length, settings, form, bounds, state)
    return _shown(run.blocks, bout_length, settings)


@functools.partial(jax.jit, static_argnames=("bout_length", "settings"))
def _shown(blocks: CoarseWeights, bout_length: int, settings: RuleSettings) -> Float[Array, "minutes n"]:
    path = coarse.minutes_of(blocks, settings)
    return path.reshape(-1, path.shape[-1])[: bout_length - 1]


@functools.partial(jax.jit, static_argnames=("rule", "settings", "form"))
def _outputs(
    rule: WeightRule, params: Params, series: Array, settings: RuleSettings, form: Form
) -> RuleOutput:
    return coarse.rule_rows(rule, params, series, settings, form)[-1]


@functools.partial(jax.jit, static_argnames=("rule", "settings"))
def _warmed(rule: WeightRule, params: Params, series: Array, settings: RuleSettings) -> StrategyState:
    return coarse.warmed(rule, params, series, settings)


@functools.partial(jax.jit, static_argnames=("rule", "settings"))
def _advanced(
    rule: WeightRule,
    params: Params,
    series: Array,
    settings: RuleSettings,
    state: StrategyState,
    bounds: WeightBounds | None,
) -> tuple[CoarseWeights, StrategyState]:
    return coarse.advanced(rule, params, state, series[0], settings, bounds)
