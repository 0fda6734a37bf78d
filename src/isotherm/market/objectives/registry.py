"""Objectives by name, and what optimisers see of them."""

import functools
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp

from isotherm.doors import real_numbers, words
from isotherm.errors import refusal, shortened
from isotherm.market.objectives import returns, risk
from isotherm.market.objectives.returns import PoolHistory, Scalar, history_of

CEILING = 1e6
"""What stands for infinity where an optimiser looks."""

DEFAULT_OBJECTIVE = "daily_log_sharpe"

Objective = Callable[[PoolHistory], Scalar]

_MAIN = (
    returns.sharpe, returns.daily_sharpe, returns.daily_log_sharpe, returns.returns, returns.returns_over_hodl,
    returns.returns_over_uniform_hodl, returns.annualised_returns, returns.annualised_returns_over_hodl,
    returns.annualised_returns_over_uniform_hodl, returns.greatest_draw_down, risk.weekly_max_drawdown,
    risk.ulcer, risk.sterling, risk.calmar, returns.fee_revenue_over_value,
)  # fmt: skip
_LENGTHS = {"daily": risk.DAY, "weekly": risk.WEEK, "monthly": risk.MONTH}


def _of_value(function: Callable[..., Scalar], *settings: Any) -> Objective:
    return lambda history: function(history.value, *settings)


def _registered() -> dict[str, Objective]:
    found: dict[str, Objective] = {function.__name__: function for function in _MAIN}
    for name in ("daily", "weekly"):
        length = _LENGTHS[name]
        for confidence in (95, 99):
            at_risk = f"{name}_var_{confidence}%"
            found[at_risk] = _of_value(risk.value_at_risk, length, float(confidence))
            found[f"{at_risk}_trad"] = _of_value(risk.value_at_risk_of_ends, length, float(confidence))
        found[f"{name}_raroc"] = _of_value(risk.raroc, length)
    for name, length in _LENGTHS.items():
        found[f"{name}_rovar"] = _of_value(risk.rovar, length)
        found[f"{name}_rovar_trad"] = _of_value(risk.rovar, length, True)
    return found


OBJECTIVES: Mapping[str, Objective] = MappingProxyType(_registered())
"""Every objective by its name in settings and files: a function of a :class:`PoolHistory` to a scalar, maximised."""


def objective(name: str) -> Objective:
    """The objective of that name, pure and differentiable; of sets at once by ``vmap``.

    Raises:
        ValueError: if there is none, with the nearest name.

    >>> import numpy as np
    >>> path = np.array([1.0, 2.0, 1.5])
    >>> float(objective("returns")(history_of(path, path[:, None], path[:, None])))
    0.5
    """
    if not isinstance(name, str) or name not in OBJECTIVES:
        close = get_close_matches(str(name), OBJECTIVES, n=1)
        mend = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(OBJECTIVES)}"
        raise refusal("return_val", name, shortened(f"is no objective; {mend}", 200))
    return OBJECTIVES[name]


def bounded_objective(name: str) -> Objective:
    """The same for optimisers: infinities become 1e6 and -1e6, with gradient 0; NaN stays.

    Raises:
        ValueError: if there is no such objective.
    """
    function = objective(name)

    def bounded(history: PoolHistory) -> Scalar:
        found = function(history)
        return jnp.where(jnp.isinf(found), jnp.sign(found) * CEILING, found)

    return bounded


def evaluate(name: str, value: Any, reserves: Any, prices: Any, fee_revenue: Any = None) -> float:
    """An objective of a run, computed in float64; see :func:`evaluate_all`.

    Raises:
        ValueError: naming the objective or a shape, or if the run is too short for it.

    >>> evaluate("greatest_draw_down", [2.0, 1.0, 4.0], [[1.0]] * 3, [[2.0], [1.0], [4.0]])
    -0.5
    """
    return evaluate_all((name,), value, reserves, prices, fee_revenue)[name]


def evaluate_all(
    names: Sequence[str], value: Any, reserves: Any, prices: Any, fee_revenue: Any = None
) -> dict[str, float]:
    """Objectives of a run, computed in float64 and compiled together.

    Args:
        names: of the objectives.
        value: of the pool, shape ``(T,)``, at least two minutes.
        reserves: shape ``(T, n)``.
        prices: shape ``(T, n)``.
        fee_revenue: of each minute, shape ``(fees,)``, or None.

    Returns:
        A number each; NaN and infinities are possible.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an objective or a shape, or if the run is too short for one.

    >>> evaluate_all(["returns", "calmar"], [1.0, 2.0, 4.0], [[1.0]] * 3, [[1.0], [2.0], [4.0]])
    {'returns': 3.0, 'calmar': inf}
    """
    chosen = words("return_val", names)
    for name in chosen:
        objective(name)
    with jax.enable_x64(True):
        value, reserves = real_numbers("value", value), real_numbers("reserves", reserves)
        fees = None if fee_revenue is None else real_numbers("fee_revenue", fee_revenue)
        found = _evaluated(chosen, history_of(value, reserves, real_numbers("prices", prices), fees))
        return {name: float(found[name]) for name in chosen}


@functools.partial(jax.jit, static_argnums=0)
def _evaluated(names: tuple[str, ...], history: PoolHistory) -> dict[str, Scalar]:
    return {name: OBJECTIVES[name](history) for name in names}
