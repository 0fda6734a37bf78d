"""A rule whose rows are the mean of what members of an ensemble say, before any guardrail. Hook ``ensemble``."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.rules.recurrences import Way
from isotherm.market.rules.registry import rule_named
from isotherm.market.rules.rule import Params, RuleOutput, Values, WeightRule
from isotherm.market.rules.settings import RuleSettings


def averaged(rule: WeightRule | str, num_members: int) -> WeightRule:
    """The rule of an ensemble: each member runs with parameters of its own, and the rows are averaged.

    Parameters of one set lead with the members, ``(members, ...)``, but for the initial weights, which all share.
    Gradients reach every member. Readouts are none: members have different ones. Of a rule that gives targets the
    share of the old weights that stays is the mean as well.

    Args:
        rule: a rule, or the name of one.
        num_members: at least 1.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an unknown rule, or a number of members; the rule itself refuses parameters that lead
            with another number.

    >>> averaged("momentum", 2).name
    'ensemble__momentum'
    """
    return _averaged(rule_named(rule), doors.whole("num_members", num_members, least=1))


@functools.lru_cache
def _averaged(rule: WeightRule, num_members: int) -> WeightRule:
    """The same object each time, so that nothing compiles twice."""

    def of_members(params: Params) -> dict[str, Any]:
        own = {key: jnp.asarray(params[key]) for key in rule.keys if params.get(key) is not None}
        for key, value in own.items():
            if value.ndim == 0 or value.shape[0] != num_members:
                raise refusal(f"{key}.shape", value.shape, f"must lead with {num_members}, the members")
        return own

    def effective(params: Params, num_tokens: int, settings: RuleSettings) -> Values:
        def of_one(own: Params) -> Values:
            return rule.effective(own, num_tokens, settings)

        return jax.vmap(of_one, axis_size=num_members)(of_members(params))

    def blend(params: Params, num_tokens: int, settings: RuleSettings) -> Array:
        of_one = rule.blend
        assert of_one is not None
        blends = jax.vmap(lambda own: of_one(own, num_tokens, settings), axis_size=num_members)
        return blends(of_members(params)).mean(0)

    def init(values: Values, price: Float[Array, " n"]) -> Any:
        return jax.vmap(rule.init, in_axes=(0, None), axis_size=num_members)(values, price)

    def advance(way: Way, values: Values, state: Any, price: Array) -> tuple[Any, RuleOutput]:
        def of_one(values: Values, state: Any) -> tuple[Any, Array]:
            state, output = rule.advance(way, values, state, price)
            return state, output.row

        members = price.ndim - 1  # rows of time come first
        over = jax.vmap(of_one, out_axes=(members, 0), axis_size=num_members)
        state, rows = over(values, state)
        return state, RuleOutput(rows.mean(0), {})

    return WeightRule(
        name=f"ensemble__{rule.name}",
        keys=rule.keys,
        effective=effective,
        init=init,
        advance=advance,
        is_target=rule.is_target,
        blend=blend if rule.is_target else None,
        lag=rule.lag,
        is_batched=rule.is_batched,
        needs_supply=rule.needs_supply,
    )
