"""How sets of parameters, and members of an ensemble, differ at the start."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Array, Key
from scipy import special

from isotherm import doors
from isotherm.market.parameters.names import CREATED, FIXED, known_word
from isotherm.market.parameters.samplers import SAMPLERS, sampled
from isotherm.market.parameters.schema import SCHEMA, sample_in_range
from isotherm.market.parameters.start import Parameters, Values, normal_after_first
from isotherm.random.keys import named, seeded

NOISES = ("gaussian", *SAMPLERS, "none")
"""By the name that settings have for them."""


def jittered(
    params: Parameters, scales: Mapping[str, float | int], noise: str, key: Key[Array, ""] | None, seed: int
) -> Parameters:
    """A copy with noise in every row but the first: arrays ``(sets, ...)``, one or more.

    What is no unconstrained number, the geometry of ``reclamm``, moves within its range of the schema, by ``scale``
    times the noise of the range's length.

    Args:
        params: arrays ``(sets, ...)``.
        scales: deviation by parameter.
        noise: ``"gaussian"``, or a sampler's name.
        key: a JAX key, for Gaussian noise.
        seed: for samplers.

    Raises:
        TypeError: if the noise is Gaussian and ``key`` is no JAX key.
        ValueError: naming another noise.
    """
    known_word("noise", noise, NOISES[:-1])
    if noise == "gaussian":
        draws = {name: normal_after_first(key, name, value.shape) for name, value in params.items()}
    else:
        draws = _spread(params, noise, seed)
    return {name: _moved(name, value, scales[name] * draws[name]) for name, value in params.items()}


def _moved(name: str, value: np.ndarray, noise: np.ndarray) -> np.ndarray:
    if name not in CREATED["reclamm"]:
        return value + noise
    low, high, log_scale, _ = SCHEMA[name].search_range
    to, back = (np.log, np.exp) if log_scale else (np.asarray, np.asarray)
    low, high = np.minimum(to(low), to(value)), np.maximum(to(high), to(value))
    return np.where(noise == 0, value, back(np.clip(to(value) + noise * (high - low), low, high)))


def _spread(params: Parameters, method: str, seed: int) -> Parameters:
    """Normal quantiles of points over all numbers of a set, by parameter; 0 in the first row."""
    points = _points(params, method, seed)
    return {
        name: np.concatenate([np.zeros_like(params[name][:1]), special.ndtri(np.clip(u, 1e-6, 1 - 1e-6))])
        for name, u in points.items()
    }


def _points(params: Parameters, method: str, seed: int) -> Parameters:
    """A point for each row but the first, cut into the parameters in the order of their names."""
    names = sorted(params)
    sizes = [params[name][0].size for name in names]
    count = params[names[0]].shape[0] - 1
    parts = np.split(sampled(method, count, sum(sizes), seed), np.cumsum(sizes)[:-1], axis=1)
    return {name: part.reshape(params[name][1:].shape) for name, part in zip(names, parts, strict=True)}


def ensemble_members(params: Parameters, settings: Values) -> Parameters:
    """Parameters with an axis of members after that of sets, but for the initial weights.

    Gaussian members differ by normal draws, points that fill the space are mapped into the ranges of the schema, and
    a parameter that has none is scaled by ``1 - scale + 2 scale u``. The first member is the pool's own.

    Args:
        params: arrays ``(sets, ...)``.
        settings: ``n_ensemble_members``, ``ensemble_init_method``, ``ensemble_init_scale``, ``ensemble_init_seed``.

    Returns:
        Arrays ``(sets, members, ...)``.

    Raises:
        TypeError: naming a setting of another kind.
        ValueError: naming a setting out of range.
    """
    members = doors.whole("n_ensemble_members", settings.get("n_ensemble_members", 1), 1)
    method = known_word("ensemble_init_method", settings.get("ensemble_init_method", "gaussian"), NOISES[:-1])
    scale = doors.number("ensemble_init_scale", settings.get("ensemble_init_scale", 0.5), least=0)
    seed = doors.whole("ensemble_init_seed", settings.get("ensemble_init_seed", 42), 0)
    own = {name: value for name, value in params.items() if name not in FIXED}
    rows = {name: np.repeat(value[None], members, axis=0) for name, value in own.items()}
    if members > 1 and method == "gaussian":
        key = named(seeded(seed), "ensemble")
        rows = jittered(rows, dict.fromkeys(rows, float(scale)), "gaussian", key, 0)
    elif members > 1:
        points = _points(rows, method, seed)
        rows = {
            name: np.concatenate([rows[name][:1], _member(name, own[name], u, scale)])
            for name, u in points.items()
        }
    return params | {name: np.moveaxis(value, 0, 1) for name, value in rows.items()}


def _member(name: str, base: np.ndarray, u: np.ndarray, scale: float | int) -> np.ndarray:
    if name in SCHEMA:
        return sample_in_range(u, SCHEMA[name].search_range)
    return base[None] * (1 - scale + 2 * scale * u)
