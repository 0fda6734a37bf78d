"""First raw parameters from initial values, for any pool: all keys, one set or several; and what a value may be."""

from collections.abc import Iterable, Mapping
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, Key

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.parameters import host
from isotherm.market.parameters.encoding import NESTED, numeric, plain
from isotherm.market.parameters.memory import LONGEST
from isotherm.market.parameters.names import known_word
from isotherm.random.keys import KeyOrSeed, named

INITIAL_KEYS = (
    "initial_k_per_day", "initial_memory_length", "initial_memory_length_delta", "initial_weights_logits",
    "initial_log_amplitude", "initial_raw_width", "initial_raw_exponents", "initial_pre_exp_scaling",
)  # fmt: skip
"""Initial values that every strategy pool may read."""

Values = Mapping[str, Any]
Parameters = dict[str, Any]
"""Raw parameters by key: float64 arrays of NumPy, and ``subsidary_params``, a list."""


def initial_values(fingerprint: Values) -> Parameters:
    """What initialisers read of settings: every ``initial_*`` value, bounds, and those of pools by their own names.

    >>> initial_values({"initial_k_per_day": 20, "fees": 0.003})
    {'initial_k_per_day': 20}
    """
    doors.mapping("fingerprint", fingerprint, "a mapping of settings")
    own = ("rotation_angle", "alpha", "beta", "lam")
    found = {
        key: value
        for key, value in fingerprint.items()
        if key.startswith("initial_") and key != "initial_pool_value"
    }
    found |= {key: fingerprint[key] for key in own if fingerprint.get(key) is not None}
    bounds = fingerprint.get("learnable_bounds_settings") or {}
    return found | {
        key: bounds[key] for key in ("min_weights_per_asset", "max_weights_per_asset") if key in bounds
    }


def init_params_singleton(
    initial_values: Values,
    n_tokens: int,
    n_subsidary_rules: int = 0,
    chunk_period: float | int = 60,
    log_for_k: bool = True,
) -> Parameters:
    """Raw parameters of one set for ``m = n_tokens + n_subsidary_rules`` members.

    Args:
        initial_values: ``initial_k_per_day`` and ``initial_memory_length`` in days are needed; the delta of memory,
            logits of weights (a number or one a member), ``initial_log_amplitude``, ``initial_raw_width``,
            ``initial_raw_exponents`` are 0 if absent and ``initial_pre_exp_scaling`` 1/2.
        n_tokens: 1 or more.
        n_subsidary_rules: nested pools, 0 or more.
        chunk_period: minutes between updates, above 0.
        log_for_k: whether to give ``log_k``, the log2, rather than ``k`` itself.

    Returns:
        Arrays ``(m,)``, ``logit_pre_exp_scaling`` ``(1, m)``, and an empty ``subsidary_params``.

    Raises:
        TypeError: naming a value of another kind.
        ValueError: naming a value that is absent or out of range.

    >>> found = init_params_singleton({"initial_k_per_day": 20, "initial_memory_length": 10.0}, 2, chunk_period=1440)
    >>> found["logit_lamb"].round(4).tolist(), found["log_k"].round(4).tolist()
    ([0.7554, 0.7554], [4.3219, 4.3219])
    """
    absent = dict.fromkeys(INITIAL_KEYS[2:-1], 0.0) | {"initial_pre_exp_scaling": 0.5}
    given = {key: value for key, value in initial_values.items() if value is not None}
    m = _num_members(n_tokens, n_subsidary_rules)
    return _initial(absent | given, m, chunk_period, doors.flag("log_for_k", log_for_k))


def init_params(
    initial_values: Values,
    n_tokens: int,
    n_subsidary_rules: int = 0,
    chunk_period: float | int = 60,
    n_parameter_sets: int = 1,
    noise: str = "gaussian",
    key: Key[Array, ""] | None = None,
) -> Parameters:
    """Raw parameters of several sets, ``(sets, m)`` each, always with ``log_k``.

    With noise every array of the sets after the first, that of the initial weights too, gets independent normal draws
    of deviation 1. Pools take :func:`~isotherm.market.parameters.pool_start.init_pool_parameters`, which spares the
    weights and has a scale.

    Args:
        initial_values: all of :data:`INITIAL_KEYS`.
        n_tokens: 1 or more.
        n_subsidary_rules: nested pools, 0 or more.
        chunk_period: minutes between updates, above 0.
        n_parameter_sets: 1 or more.
        noise: ``"gaussian"`` or ``"none"``.
        key: a JAX key; needed for noise in two sets or more.

    Raises:
        TypeError: naming a value of another kind.
        ValueError: naming a value that is absent or out of range, or another noise.

    >>> values = dict.fromkeys(INITIAL_KEYS, 0.5)
    >>> init_params(values, 3, n_parameter_sets=2, key=jax.random.key(0))["log_k"].shape
    (2, 3)
    """
    known_word("noise", noise, ("gaussian", "none"))
    sets = doors.whole("n_parameter_sets", n_parameter_sets, 1)
    for name in INITIAL_KEYS:
        needed(initial_values, name)
    one = _initial(initial_values, _num_members(n_tokens, n_subsidary_rules), chunk_period, log_for_k=True)
    found = {name: np.tile(value, (sets, 1)) for name, value in one.items() if name != NESTED}
    if noise == "gaussian" and sets > 1:
        found = {name: value + normal_after_first(key, name, value.shape) for name, value in found.items()}
    return found | {NESTED: []}


def normal_after_first(
    key: KeyOrSeed | None, name: str, shape: tuple[int, ...]
) -> Float[np.ndarray, "*shape"]:
    """Standard normal draws of the stream of ``name``, float64, shaped as ``shape`` says; zeros in the first row.

    Raises:
        TypeError: if ``key`` is no JAX key.
    """
    stream = named(doors.random_key("key", key), name)
    with jax.enable_x64(True):
        draws = np.array(jax.random.normal(stream, shape, "float64"))
    draws[0] = 0.0
    return draws


def process_initial_values(
    initial_values: Values, key: str, n_assets: int, n_parameter_sets: int, force_scalar: bool = False
) -> Float[np.ndarray, "sets *values"]:
    """An initial value for every token of every set.

    Args:
        initial_values: by key.
        key: the one that is wanted: a number, one a token, or ``(sets, tokens)``.
        n_assets: tokens, 1 or more.
        n_parameter_sets: sets, 1 or more.
        force_scalar: no token axis for a number; an array gets a leading axis of sets, whatever it is.

    Returns:
        Shape ``(sets, n_assets)``; with ``force_scalar`` ``(sets,)`` and the shape of the value.

    Raises:
        ValueError: naming the key, if it is absent, or no number nor an array of these shapes.

    >>> process_initial_values({"k": [1.0, 2.0]}, "k", 2, 2).tolist()
    [[1.0, 2.0], [1.0, 2.0]]
    """
    value = numeric(key, needed(initial_values, key))
    sets, n = doors.whole("n_parameter_sets", n_parameter_sets, 1), doors.whole("n_assets", n_assets, 1)
    if not np.isfinite(value).all() or value.size == 0:
        raise refusal(key, plain(initial_values[key]), "must be finite numbers")
    if force_scalar:
        return np.tile(value, (sets, *(1,) * value.ndim))
    if value.shape == (sets, n):
        return value.copy()
    if value.size in (1, n):
        return np.broadcast_to(value.reshape(-1), (sets, n)).copy()
    raise refusal(f"{key}.shape", value.shape, f"must be (), ({n},) or ({sets}, {n})")


def make_composite_run_params(
    composite_params: Values,
    sub_fingerprints: Iterable[Values],
    initial_values: Values,
    n_parameter_sets: int = 1,
    key: Key[Array, ""] | None = None,
) -> Parameters:
    """Parameters of a pool of pools: a copy of its own and, as ``subsidary_params``, first ones of each pool in it.

    Args:
        composite_params: of the outer pool.
        sub_fingerprints: of each inner pool ``tokens``, ``initial_memory_length`` and ``initial_k_per_day``.
        initial_values: the others, shared.
        n_parameter_sets: 1 or more.
        key: a JAX key; needed for two sets or more.

    Returns:
        The outer arrays as they are, those within ``(sets, tokens)``.

    Raises:
        TypeError: naming a value of another kind.
        ValueError: naming a value that is absent or out of range.
    """
    own = ("initial_memory_length", "initial_k_per_day")
    nested = []
    for index, sub in enumerate(sub_fingerprints):
        values = {**initial_values, **{name: needed(sub, name) for name in own}}
        stream = named(key, f"pool {index}") if key is not None else None
        tokens = doors.sequence("tokens", needed(sub, "tokens"), "a list of tokens")
        nested.append(init_params(values, len(tokens), n_parameter_sets=n_parameter_sets, key=stream))
    copied = {name: np.array(value) for name, value in composite_params.items() if name != NESTED}
    return copied | {NESTED: nested}


def needed(values: Values, key: str) -> Any:
    """An entry that must be there; None counts as absent.

    Raises:
        ValueError: naming the key.
    """
    if values.get(key) is None:
        raise ValueError(f"{key}: this initial value is required")
    return values[key]


def _num_members(n_tokens: int, n_subsidary_rules: int) -> int:
    return doors.whole("n_tokens", n_tokens, 1) + doors.whole("n_subsidary_rules", n_subsidary_rules, 0)


def _initial(values: Values, m: int, chunk_period: float | int, log_for_k: bool) -> Parameters:
    k, memory, delta, *rest = (_of_members(key, needed(values, key), m) for key in INITIAL_KEYS)
    doors.numbers("initial_memory_length", memory, above=0, most=LONGEST)
    later = doors.numbers(
        "initial_memory_length + initial_memory_length_delta", memory + delta, above=0, most=LONGEST
    )
    logits, log_amplitude, raw_width, raw_exponents, scaling = rest
    doors.numbers("initial_pre_exp_scaling", scaling, above=0, below=1)
    logit_lamb = host.memory_days_to_logit_lambda(memory, chunk_period)
    if log_for_k:
        doors.numbers("initial_k_per_day", k, above=0)
    return {
        ("log_k" if log_for_k else "k"): np.log2(k) if log_for_k else k,
        "logit_lamb": logit_lamb,
        "logit_delta_lamb": host.memory_days_to_logit_lambda(later, chunk_period) - logit_lamb,
        "initial_weights_logits": logits,
        "log_amplitude": log_amplitude,
        "raw_width": raw_width,
        "raw_exponents": raw_exponents,
        "logit_pre_exp_scaling": np.asarray(host.logit(scaling))[None],
        NESTED: [],
    }


def _of_members(key: str, value: Any, m: int) -> Float[np.ndarray, " members"]:
    """A number for all, or one each."""
    array = np.asarray(host.real_values(key, value))
    if array.size != 1 and array.shape != (m,):
        raise refusal(f"{key}.shape", array.shape, f"must be () or ({m},), one for each member")
    return np.broadcast_to(array.reshape(-1), (m,)).copy()
