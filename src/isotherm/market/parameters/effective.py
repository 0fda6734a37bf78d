"""Raw parameters of one set to the quantities that rules use. Pure JAX, differentiable, for use inside ``jit``.

A quantity may have several encodings. Where a set has more than one of them, ``sp_*`` wins over ``logit_*``,
``log_*`` and ``raw_*``, in this order, and those over linear ones; an entry of None counts as absent. Arrays are
``(n,)``, or ``(1,)`` where all tokens share a value; refusals name keys, not values.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm.errors import refusal
from isotherm.market.parameters.maps import Real, floats, logistic, squareplus
from isotherm.market.parameters.memory import lambda_to_memory_days_clipped, memory_days_to_lambda

Params = Mapping[str, Any]
"""Raw parameters of one set by their key, ``(n,)`` or ``(1,)`` each; ``subsidary_params`` is a list of such."""

Tokens = Float[Array, " tokens"]


def has(params: Params, key: str) -> bool:
    """Whether a set has a parameter; None counts as absent."""
    return params.get(key) is not None


def required(params: Params, *keys: str) -> Tokens:
    """The first of some encodings that a set has, ``(n,)`` or ``(1,)``.

    Raises:
        ValueError: naming the keys, if it has none of them.
    """
    return _flat(params[_encoding(params, *keys)])


def calc_lambda(params: Params) -> Tokens:
    """Decay of the average, ``logistic(logit_lamb)``, ``(n,)`` or ``(1,)``, not capped.

    Raises:
        ValueError: naming ``logit_lamb``, if it is absent.

    >>> calc_lambda({"logit_lamb": jnp.zeros(2)}).tolist()
    [0.5, 0.5]
    """
    return logistic(required(params, "logit_lamb"))


def calc_lambda_from_index(params: Params, index: int) -> Tokens:
    """Decay by row ``index`` of ``logit_lamb``, ``(rows, n)`` to ``(n,)``, not capped.

    Raises:
        ValueError: naming ``logit_lamb``, if it is absent or has no such row.

    >>> calc_lambda_from_index({"logit_lamb": jnp.zeros((3, 2))}, 2).tolist()
    [0.5, 0.5]
    """
    rows = jnp.asarray(params[_encoding(params, "logit_lamb")])
    if rows.ndim != 2 or not 0 <= index < rows.shape[0]:
        raise refusal("logit_lamb.shape", rows.shape, f"must be (rows, n) with a row {index}")
    return logistic(rows[index])


def calc_alt_lambda(params: Params) -> Tokens:
    """The alternative decay, ``logistic(logit_lamb + logit_delta_lamb)``, ``(n,)`` or ``(1,)``, not capped.

    Raises:
        ValueError: naming the key that is absent.

    >>> calc_alt_lambda({"logit_lamb": jnp.ones(1), "logit_delta_lamb": -jnp.ones(1)}).tolist()
    [0.5]
    """
    return logistic(required(params, "logit_lamb") + required(params, "logit_delta_lamb"))


def calc_lambda_for_ewma(params: Params) -> Tokens:
    """Decay of the average that three gradients share, ``logistic(logit_lamb_for_ewma)``, not capped.

    Raises:
        ValueError: naming ``logit_lamb_for_ewma``, if it is absent.

    >>> calc_lambda_for_ewma({"logit_lamb_for_ewma": jnp.zeros(1)}).tolist()
    [0.5]
    """
    return logistic(required(params, "logit_lamb_for_ewma"))


def capped_lambda(decay: Real, chunk_period: Real, max_memory_days: Real) -> Float[Array, "*shape"]:
    """A decay within 0 .. that of ``max_memory_days``, as every estimator uses it; no slope beyond.

    Args:
        decay: lambda; the result is shaped as it.
        chunk_period: minutes between two steps, above 0.
        max_memory_days: days, above 0.

    >>> round(float(capped_lambda(0.9999, 1440, 365.0)), 4)
    0.9901
    """
    decay = floats(decay)
    most = memory_days_to_lambda(jnp.asarray(max_memory_days, decay.dtype), chunk_period)
    return jnp.clip(decay, 0.0, most)


def calc_memory_days(params: Params, chunk_period: Real, max_memory_days: Real) -> Tokens:
    """Days of memory of :func:`calc_lambda`, within 0 .. ``max_memory_days``, ``(n,)`` or ``(1,)``.

    Raises:
        ValueError: naming ``logit_lamb``, if it is absent.

    >>> calc_memory_days({"logit_lamb": jnp.full(1, 40.0)}, 60, 365.0).tolist()
    [365.0]
    """
    return lambda_to_memory_days_clipped(calc_lambda(params), chunk_period, max_memory_days)


def calc_raw_memory_days(params: Params, key: str) -> Tokens:
    """Days of memory that are a parameter themselves, ``max(x, 0)``, ``(n,)`` or ``(1,)``.

    Args:
        params: of one set.
        key: ``"memory_days_1"`` or ``"memory_days_2"``.

    Raises:
        ValueError: naming the key, if it is absent.

    >>> calc_raw_memory_days({"memory_days_1": jnp.array([3.0, -1.0])}, "memory_days_1").tolist()
    [3.0, 0.0]
    """
    return jnp.maximum(required(params, key), 0.0)


def calc_k(params: Params, memory_days: Real) -> Tokens:
    """Aggressiveness: a value per day of memory times days, except for ``absolute_k``, which is as it is.

    Args:
        params: of one set, with ``sp_k``, ``log_k``, ``absolute_k`` or ``k``; the first of these counts.
        memory_days: within 0 .. the maximum, ``(n,)``, ``(1,)`` or one number.

    Raises:
        ValueError: naming the keys, if all are absent.

    >>> calc_k({"log_k": jnp.array([2.0])}, 10.0).tolist()
    [40.0]
    """
    key = _encoding(params, "sp_k", "log_k", "absolute_k", "k")
    value = _flat(params[key])
    if key == "absolute_k":
        return value
    per_day = {"sp_k": squareplus, "log_k": jnp.exp2, "k": floats}[key](value)
    return per_day * _as(per_day, memory_days)


def calc_exponents(params: Params, at_least_one: bool = False) -> Tokens:
    """Exponent of a channel, ``squareplus`` of ``sp_exponents`` or ``raw_exponents``, ``(n,)`` or ``(1,)``.

    Args:
        params: of one set.
        at_least_one: as the power channel has it.

    Raises:
        ValueError: naming the keys, if both are absent.

    >>> calc_exponents({"sp_exponents": jnp.array([-1.5])}, at_least_one=True).tolist()
    [1.0]
    """
    exponents = squareplus(required(params, "sp_exponents", "raw_exponents"))
    return jnp.maximum(exponents, 1.0) if at_least_one else exponents


def calc_width(params: Params) -> Tokens:
    """Width of a channel, ``squareplus(sp_width)`` or ``2**raw_width``, ``(n,)`` or ``(1,)``.

    Raises:
        ValueError: naming the keys, if both are absent.

    >>> calc_width({"raw_width": jnp.array([-1.0])}).tolist()
    [0.5]
    """
    key = _encoding(params, "sp_width", "raw_width")
    return {"sp_width": squareplus, "raw_width": jnp.exp2}[key](_flat(params[key]))


def calc_amplitude(params: Params, memory_days: Real) -> Tokens:
    """Amplitude of a channel, ``squareplus(sp_amplitude)`` or ``2**log_amplitude`` times days of memory.

    Args:
        params: of one set.
        memory_days: within 0 .. the maximum, ``(n,)``, ``(1,)`` or one number.

    Raises:
        ValueError: naming the keys, if both are absent.

    >>> calc_amplitude({"log_amplitude": jnp.array([1.0])}, 10.0).tolist()
    [20.0]
    """
    key = _encoding(params, "sp_amplitude", "log_amplitude")
    per_day = {"sp_amplitude": squareplus, "log_amplitude": jnp.exp2}[key](_flat(params[key]))
    return per_day * _as(per_day, memory_days)


def calc_pre_exp_scaling(params: Params, use_pre_exp_scaling: bool = True) -> Tokens:
    """Scale of a gradient before its exponent is taken, ``(n,)`` or ``(1,)``; 0.5 if not used or absent.

    Args:
        params: of one set; ``sp_pre_exp_scaling``, ``logit_pre_exp_scaling`` or ``raw_pre_exp_scaling`` counts, in
            this order. A leading axis of one, as files have it, is dropped.
        use_pre_exp_scaling: of the settings.

    >>> calc_pre_exp_scaling({"raw_pre_exp_scaling": jnp.array([1.0])}).tolist()
    [2.0]
    """
    maps = {"sp": squareplus, "logit": logistic, "raw": jnp.exp2}
    for form, effective in maps.items():
        key = f"{form}_pre_exp_scaling"
        if use_pre_exp_scaling and has(params, key):
            return effective(_flat(params[key]))
    return jnp.full(1, 0.5, _dtype(params))


def calc_initial_weights(params: Params) -> Tokens:
    """Weights that a pool starts with, ``(n,)``: softmax of their logits, else as given; never trained.

    Raises:
        ValueError: naming the keys, if ``initial_weights_logits`` and ``initial_weights`` are absent.

    >>> calc_initial_weights({"initial_weights_logits": jnp.ones(4)}).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    key = _encoding(params, "initial_weights_logits", "initial_weights")
    value = jax.lax.stop_gradient(_flat(params[key]))
    return jax.nn.softmax(value) if key == "initial_weights_logits" else value


def _encoding(params: Params, *keys: str) -> str:
    for key in keys:
        if has(params, key):
            return key
    one = "this parameter" if len(keys) == 1 else "one of these parameters"
    raise ValueError(f"params: must have {one}: {', '.join(keys)}")


def _flat(value: Any) -> Tokens:
    """As floats ``(n,)``; leading axes of one, and of a bare number none, are no axes of a set."""
    array = floats(value)
    if array.ndim > 1 and array.shape[-1] != array.size:
        raise refusal("params.shape", array.shape, "must be (n,) or (1,): choose one parameter set")
    return array.reshape(array.size) if array.ndim != 1 else array


def _as(array: Array, value: Real) -> Any:
    return value if isinstance(value, int | float) else jnp.asarray(value).astype(array.dtype)


def _dtype(params: Params) -> Any:
    """Of the first parameter that is an array."""
    arrays = (value for value in params.values() if hasattr(value, "dtype"))
    return next((floats(array).dtype for array in arrays), jnp.result_type(float))
