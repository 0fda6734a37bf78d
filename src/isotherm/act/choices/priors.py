"""Priors of parameters: normal ones behind a transformation that keeps them in range."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from isotherm import doors
from isotherm.errors import refusal

Kind = Literal["real", "positive", "unit"]


class Prior(NamedTuple):
    """A law of one parameter: ``transform(location + scale z)`` of a standard normal ``z``.

    Attributes:
        kind: ``"real"``: as it is; ``"positive"``: its exponential; ``"unit"``: its logistic function.
        location: of the normal number that is transformed.
        scale: its standard deviation, above 0.
    """

    kind: Kind
    location: float
    scale: float

    def value(self, z: Any) -> Any:
        """The parameter at ``z``, of any shape."""
        inner = self.location + self.scale * z
        if self.kind == "positive":
            return jnp.exp(inner)
        return jax.nn.sigmoid(inner) if self.kind == "unit" else inner

    def standard(self, value: Any) -> Any:
        """The ``z`` of a parameter, of any shape: the inverse of :meth:`value`."""
        inner = jnp.asarray(value)
        if self.kind == "positive":
            inner = jnp.log(inner)
        elif self.kind == "unit":
            inner = jnp.log(inner) - jnp.log1p(-inner)
        return (inner - self.location) / self.scale


def real(mean: float, sd: float) -> Prior:
    """A normal law.

    >>> float(real(1.0, 2.0).value(0.5))
    2.0
    """
    return Prior("real", _finite("mean", mean), _scale("sd", sd))


def positive(median: float, spread: float) -> Prior:
    """Above 0, log-normal.

    Args:
        median: above 0.
        spread: standard deviation of the logarithm, above 0.

    Raises:
        TypeError: if they are no numbers.
        ValueError: if they are out of range.

    >>> round(float(positive(2.0, 0.5).value(0.0)), 6)
    2.0
    """
    return Prior("positive", float(np.log(doors.number("median", median, above=0))), _scale("spread", spread))


def unit(median: float, spread: float) -> Prior:
    """Between 0 and 1, logit-normal.

    Args:
        median: between 0 and 1, neither of them.
        spread: standard deviation of the log odds, above 0.

    Raises:
        TypeError: if they are no numbers.
        ValueError: if they are out of range.

    >>> round(float(unit(0.9, 1.0).value(0.0)), 6)
    0.9
    """
    middle = float(doors.number("median", median, above=0, below=1))
    return Prior("unit", float(np.log(middle / (1 - middle))), _scale("spread", spread))


Priors = Mapping[str, Prior]


def checked_priors(field: str, priors: Any) -> dict[str, Prior]:
    """A prior of each parameter, at least one.

    Raises:
        TypeError: naming ``field``.
        ValueError: if there is none.
    """
    found = doors.mapping(field, priors, "a mapping from names to priors")
    if not found:
        raise refusal(field, {}, "must have a prior for each parameter, at least one")
    for name, prior in found.items():
        doors.instance(f"{field}[{name!r}]", prior, Prior, "a prior", "positive(1.0, 0.5) makes one")
    return dict(found)


def values_at(priors: Priors, z: Float[Array, " parameters"]) -> dict[str, Float[Array, ""]]:
    """Parameters by name, scalars, at one standard vector, in the order of the mapping."""
    return {name: prior.value(z[i]) for i, (name, prior) in enumerate(priors.items())}


def standard_draws(key: Key[Array, ""], priors: Priors, count: int) -> Float[Array, "count parameters"]:
    """Draws of the standard vector from the priors, ``(count, parameters)``."""
    return jax.random.normal(key, (count, len(priors)))


def _finite(field: str, value: Any) -> float:
    return float(doors.number(field, value))


def _scale(field: str, value: Any) -> float:
    return float(doors.number(field, value, above=0))
