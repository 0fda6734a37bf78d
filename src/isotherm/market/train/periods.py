"""Several periods of one run, each judged by itself, as one objective. Section 7.8."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.train.split import SplitPart

Aggregation = Literal["mean", "min", "sum", "softmin"]


@dataclass(frozen=True)
class Periods:
    """Parts of the training window that are judged each by itself, in the place of sampled windows.

    Attributes:
        count: of periods, at least 1.
        overlap: share of a period that the next one repeats, in [0, 1).
        aggregation: what is made of their objectives: ``"mean"``, ``"min"``, ``"sum"``, or ``"softmin"``, their mean
            under the law ``softmax(-x / temperature)``.
        temperature: of that law, above 0, in units of the objective.

    Raises:
        TypeError: if an entry is of another kind.
        ValueError: naming an entry out of range.

    >>> Periods(4, aggregation="softmin").aggregation
    'softmin'
    """

    count: int
    overlap: float | int = 0.0
    aggregation: Aggregation | str = "mean"
    temperature: float | int = 1.0

    def __post_init__(self) -> None:
        doors.whole("count", self.count, 1)
        doors.number("overlap", self.overlap, least=0, below=1)
        doors.choice("aggregation", self.aggregation, get_args(Aggregation))
        doors.number("temperature", self.temperature, above=0)

    def parts(self, minutes: int) -> tuple[SplitPart, ...]:
        """Of a run of so many minutes: :func:`period_parts`.

        Raises:
            ValueError: as there.
        """
        return period_parts(self.count, minutes, float(self.overlap))

    def aggregated(self, values: Float[Array, " periods"]) -> Float[Array, ""]:
        """One number of the objectives of all periods, ``(periods,)``."""
        return _AGGREGATIONS[self.aggregation](values, self.temperature)


def _softmin(values: Float[Array, " periods"], temperature: float) -> Float[Array, ""]:
    return jnp.sum(values * jax.nn.softmax(-values / temperature))


_AGGREGATIONS: dict[str, Callable[[Array, float], Array]] = {
    "mean": lambda values, _: jnp.mean(values),
    "min": lambda values, _: jnp.min(values),
    "sum": lambda values, _: jnp.sum(values),
    "softmin": _softmin,
}


def period_parts(count: int, minutes: int, overlap: float = 0.0) -> tuple[SplitPart, ...]:
    """Where the periods of a run lie.

    Each is ``minutes // count`` long and begins ``length - int(length overlap)`` after the one before; without
    overlap the last takes what remains.

    Args:
        count: of periods, at least 1.
        minutes: of the run.
        overlap: share of a period that the next one repeats, in [0, 1).

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument out of range; a period has at least 2 minutes.

    >>> period_parts(3, 900, 0.5)
    (SplitPart(first=0, last=300), SplitPart(first=150, last=450), SplitPart(first=300, last=600))
    """
    doors.whole("count", count, 1)
    doors.number("overlap", overlap, least=0, below=1)
    length = doors.whole("minutes", minutes, 1) // count
    if length < 2:
        raise refusal(
            "count", count, f"cuts {minutes} minutes into periods of {length}; at least 2 are needed"
        )
    step = length - int(length * overlap)
    found = [SplitPart(i * step, i * step + length) for i in range(count)]
    if overlap == 0:
        found[-1] = SplitPart(found[-1].first, minutes)
    return tuple(found)
