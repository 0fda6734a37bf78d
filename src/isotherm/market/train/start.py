"""Parameters that a training begins with: first ones, or those of an earlier one. Sections 1.11 and 7.6."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Array, Key

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.parameters.encoding import NESTED, numeric
from isotherm.market.parameters.fill import (
    fill_in_missing_values_from_init,
    fill_in_missing_values_from_init_singleton,
)  # fmt: skip
from isotherm.market.parameters.names import FIXED, own_keys
from isotherm.market.parameters.pool_start import init_pool_parameters
from isotherm.market.parameters.spread import jittered
from isotherm.market.parameters.start import Parameters, initial_values
from isotherm.market.pools.pool import SUM_TOLERANCE

SPARE = 32
"""Sets that take the place of lost ones, in turn."""


def first_sets(
    settings: Mapping[str, Any], sets: int, key: Key[Array, ""], noise: str, params: Mapping[str, Any] | None
) -> Parameters:
    """Raw parameters of several sets, the first exact and the others with noise, without nested ones.

    Args:
        settings: of a run, defaults filled in.
        sets: how many.
        key: of Gaussian noise.
        noise: ``"gaussian"``, the name of a sampler, or ``"none"``.
        params: of one set, to begin with in the place of first ones, or of as many sets, which are taken as they are;
            what is lacking is that of first ones.

    Returns:
        Float64 arrays ``(sets, ...)``.

    Raises:
        TypeError: if parameters are no numbers.
        ValueError: naming a parameter that is not the pool's, or whose shape does not fit.
    """
    rule, n = settings["rule"], len(settings["tokens"])
    found = init_pool_parameters(rule, initial_values(settings), settings, n, sets, noise, key=key)
    found.pop(NESTED)
    given = {} if params is None else _own(rule, params)
    if not given:
        return found
    own = {name: found[name].shape[1:] if name in found else None for name in given}
    stacked = [name for name, value in given.items() if _is_stacked(name, value, own[name], sets)]
    if stacked and len(stacked) < len(given):
        name = stacked[0]
        allowed = "must lead with sets in all of them, or in none"
        raise refusal(f"params.{name}.shape", given[name].shape, allowed)
    values = initial_values(settings)
    if stacked:
        filled = fill_in_missing_values_from_init(given, rule, values, settings, n, sets)
    else:
        filled = fill_in_missing_values_from_init_singleton(given, rule, values, settings, n)
    filled.pop(NESTED)
    return filled if stacked else _spread(filled, sets, key, noise, settings)


def _spread(
    params: Parameters, sets: int, key: Key[Array, ""], noise: str, settings: Mapping[str, Any]
) -> Parameters:
    """One set several times, with noise in all but the first."""
    repeated = {name: np.repeat(value[None], sets, axis=0) for name, value in params.items()}
    trained = {name: value for name, value in repeated.items() if name not in FIXED}
    if sets == 1 or noise == "none" or not trained:
        return repeated
    scale = float(settings["optimisation_settings"]["noise_scale"])
    return repeated | jittered(trained, dict.fromkeys(trained, scale), noise, key, 0)


def _own(rule: str, params: Mapping[str, Any]) -> Parameters:
    doors.mapping("params", params, "a mapping of raw parameters by key")
    known = own_keys(rule)
    foreign = sorted(str(name) for name in params if name not in known)
    if foreign:
        raise refusal(
            "params", foreign[0], f"is no parameter of {rule}, which has {', '.join(sorted(known))}"
        )
    found = {}
    for name, value in params.items():
        if name != NESTED and value is not None:
            found[name] = numeric(f"params.{name}", value)
            doors.numbers(f"params.{name}", found[name])
    return found


def _is_stacked(name: str, value: np.ndarray, shape: tuple[int, ...] | None, sets: int) -> bool:
    """Whether a parameter leads with sets; its own shape is that of the first ones, where those have it."""
    own = shape if shape is not None else value.shape[1:] if value.ndim > 1 else value.shape
    if value.shape == (sets, *own):
        return True
    if value.shape != own:
        raise refusal(f"params.{name}.shape", value.shape, f"must be {own}, or {(sets, *own)} of all sets")
    return False


def with_weights(params: Parameters, weights: Any) -> Parameters:
    """Parameters of sets whose pools begin with weights that are given.

    Args:
        params: arrays ``(sets, ...)``.
        weights: positive, summing to 1, ``(n,)``; None leaves those that parameters have.

    Raises:
        TypeError: if they are no numbers.
        ValueError: naming ``initial_weights``, if they are out of range or of another shape.

    >>> with_weights({"initial_weights_logits": np.zeros((1, 2))}, [0.25, 0.75])["initial_weights"].tolist()
    [[0.25, 0.75]]
    """
    if weights is None:
        return params
    others = {name: value for name, value in params.items() if not name.startswith("initial_weights")}
    shapes = [value.shape for name, value in params.items() if name.startswith("initial_weights")]
    sets, n = shapes[0]
    found = doors.real_numbers("initial_weights", weights)
    if found.shape != (n,):
        raise refusal("initial_weights.shape", found.shape, f"must be ({n},), one for each token")
    doors.numbers("initial_weights", found, above=0)
    if abs(found.sum() - 1) > SUM_TOLERANCE:
        raise refusal("initial_weights", found.tolist(), "must sum to 1")
    return others | {"initial_weights": np.tile(found / found.sum(), (sets, 1))}
