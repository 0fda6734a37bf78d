"""What a rule is: raw parameters to values, prices to rows, one definition for streaming and for all rows at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.rules.recurrences import BATCH, STEP, Form, Way, run
from isotherm.market.rules.settings import Method, RuleSettings

Params = Mapping[str, Any]
Values = dict[str, Any]
"""Effective parameters by name, ``(n,)`` each; what a rule needs of them is its own affair."""

WEIGHT_KEYS = ("initial_weights_logits", "initial_weights")
"""Raw parameters that every rule reads."""


class RuleOutput(NamedTuple):
    """What a rule says of one price, or of rows of them.

    Attributes:
        row: changes of weights, or target weights, ``(n,)`` or ``(rows, n)``.
        readouts: estimates by name, for reports and exports; may be empty.
    """

    row: Float[Array, "... n"]
    readouts: dict[str, Array]


@dataclass(frozen=True, kw_only=True)
class WeightRule:
    """A rule of weights. Hashable by its functions: make one once, not in a loop.

    Attributes:
        name: as settings spell it.
        keys: raw parameters that it may read, beside the initial weights.
        effective: parameters of one set, number of tokens, settings to values.
        init: values and the first price ``(n,)`` to a state, any pytree of arrays.
        advance: way, values, state and price to the next state and a :class:`RuleOutput`. With
            :data:`.recurrences.BATCH` prices are ``(rows, n)``, and states and outputs lead with rows.
        is_target: whether rows are weights to move to, instead of changes.
        blend: for targets, as ``effective``, the share of the old weights that stays, ``(n,)``.
        lag: prices before the first row: with 1, ``init`` uses the first price, ``advance`` goes on from the second,
            and a bout holds its initial weights for a chunk; with 0 the first price gives a row too.
        is_batched: whether ``advance`` takes rows; if not, they are scanned.
        needs_supply: whether prices are to be multiplied by circulating supply.

    Raises:
        ValueError: if a rule of targets has no ``blend``, or one of changes has, or naming another ``lag``.
    """

    name: str
    keys: tuple[str, ...]
    effective: Callable[[Params, int, RuleSettings], Values]
    init: Callable[[Values, Array], Any]
    advance: Callable[[Way, Values, Any, Array], tuple[Any, RuleOutput]]
    is_target: bool = False
    blend: Callable[[Params, int, RuleSettings], Array] | None = None
    lag: int = 1
    is_batched: bool = True
    needs_supply: bool = False

    def __post_init__(self) -> None:
        if self.is_target != (self.blend is not None):
            raise refusal("blend", self.blend, "must be given by rules of targets, and by no others")
        if self.lag not in (0, 1):
            raise refusal("lag", self.lag, "must be 0 or 1")

    def step(self, values: Values, state: Any, price: Float[Array, " n"]) -> tuple[Any, RuleOutput]:
        """The next state, and the row ``(n,)`` that a price ``(n,)`` gives."""
        return self.advance(STEP, values, state, price)

    def batch(self, values: Values, state: Any, prices: Float[Array, "rows n"]) -> tuple[Any, RuleOutput]:
        """States and rows of all prices at once, leaves ``(rows, ...)``."""
        return self.advance(BATCH, values, state, prices)

    def over(
        self, form: Form, values: Values, state: Any, prices: Float[Array, "rows n"]
    ) -> tuple[Any, RuleOutput]:
        """As :meth:`batch`, or scanned; leaves ``(rows, ...)``."""

        def definition(way: Way, state: Any, price: Array) -> tuple[Any, RuleOutput]:
            return self.advance(way, values, state, price)

        return run(form, definition, state, prices)

    def form(self, method: Method | str) -> Form:
        """How a method runs this rule.

        Raises:
            ValueError: if rows at once are asked of a rule that has only a step, or the method is another word.
        """
        doors.choice("method", method, ("auto", "vectorized", "scan"))
        if method == "vectorized" and not self.is_batched:
            raise refusal("method", method, f"must be scan or auto: {self.name} has only a step")
        return "vectorized" if method != "scan" and self.is_batched else "scan"


def per_token(value: Array, num_tokens: int) -> Float[Array, " n"]:
    """A value of one set, ``(1,)`` or ``(n,)``, as one a token, ``(n,)``.

    Raises:
        ValueError: if it is neither one number nor one a token.
    """
    if value.shape not in ((1,), (num_tokens,)):
        raise refusal("params.shape", value.shape, f"must be ({num_tokens},), one a token, or (1,)")
    return jnp.broadcast_to(value, (num_tokens,))
