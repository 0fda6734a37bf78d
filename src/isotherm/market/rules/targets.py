"""Rules that give targets: how much of the old weights stays at each update."""

from jaxtyping import Array, Float

from isotherm.market.parameters.effective import (
    Params,
    calc_alt_lambda,
    calc_raw_memory_days,
    capped_lambda,
    has,
)
from isotherm.market.parameters.memory import memory_days_to_lambda
from isotherm.market.rules.bounds import passing
from isotherm.market.rules.rule import per_token
from isotherm.market.rules.settings import RuleSettings

BLEND_KEYS = ("memory_days_2", "logit_lamb", "logit_delta_lamb")


def blend_lambda(params: Params, num_tokens: int, settings: RuleSettings) -> Float[Array, " n"]:
    """Share of the old weights that stays, ``(n,)``: decay of ``memory_days_2``, else the alternative decay.

    Capped at that of the longest memory; gradients pass the cap as if it were not there.

    Args:
        params: of one set.
        num_tokens: n.
        settings: of the rule.

    Raises:
        ValueError: naming the parameters, if neither is there.

    >>> import jax.numpy as jnp
    >>> blend_lambda({"memory_days_2": jnp.zeros(1)}, 2, RuleSettings()).tolist()
    [0.0, 0.0]
    """
    if has(params, "memory_days_2") or not has(params, "logit_lamb"):
        lamb = memory_days_to_lambda(calc_raw_memory_days(params, "memory_days_2"), settings.chunk_period)
    else:
        lamb = calc_alt_lambda(params)
    within = capped_lambda(lamb, settings.chunk_period, settings.max_memory_days)
    return per_token(passing(lamb, within), num_tokens)


def toward(
    target: Float[Array, " n"], weights: Float[Array, " n"], blend: Float[Array, " n"]
) -> Float[Array, " n"]:
    """A mixture of old weights and target, ``blend w + (1 - blend) target``; ``(n,)`` each.

    >>> import jax.numpy as jnp
    >>> toward(jnp.array([1.0, 0.0]), jnp.array([0.5, 0.5]), jnp.array([0.5, 0.5])).tolist()
    [0.75, 0.25]
    """
    return blend * weights + (1 - blend) * target
