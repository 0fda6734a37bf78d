r"""Estimators of prices: averages, proportional gradients, variances and covariances of returns.

Each is one definition that :mod:`.recurrences` runs as a streaming step or over all rows at once. Averages are kept
as the deviation ``D = C - e`` of the price from them, which obeys ``D_j = lambda (D_{j-1} + C_j - C_{j-1})``: where
prices stand still it dies out instead of getting stuck at rounding. Decays are raised to 1e-9, so that none is 0.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from isotherm.market.rules.recurrences import Form, Step, Way, convolving, run

LEAST_LAMBDA = 1e-9
STILL = 1e-14
"""A running ``a`` below this times the average counts as none."""

Prices = Float[Array, "rows n"]
Estimates = Float[Array, "earlier n"]
Row = Float[Array, "..."]
Known = Float[Array | np.ndarray, "..."]


class AverageState(NamedTuple):
    """Of an exponentially weighted average; ``(n,)`` each, or with rows in front."""

    price: Row
    deviation: Row

    @property
    def ewma(self) -> Known:
        """The average."""
        return self.price - self.deviation


class GradientState(NamedTuple):
    """Of a proportional gradient; ``(n,)`` each, or with other axes in front.

    A pool that knows ``price``, ``ewma`` and ``running_a`` goes on as ``GradientState.of`` of them.
    """

    price: Row
    deviation: Row
    alt_deviation: Row
    running_a: Row

    @property
    def ewma(self) -> Known:
        """The average."""
        return self.price - self.deviation

    @property
    def alt_ewma(self) -> Known:
        """The average that the gradient is relative to."""
        return self.price - self.alt_deviation

    @classmethod
    def of(
        cls, price: Array, ewma: Array, running_a: Array, alt_ewma: Array | None = None
    ) -> "GradientState":
        """From what is exported, ``(n,)`` each; the averages are one unless a second is given."""
        return cls(price, price - ewma, price - (ewma if alt_ewma is None else alt_ewma), running_a)


class Gradient(NamedTuple):
    """Readouts of a proportional gradient, ``(n,)`` each, or with rows in front.

    Attributes:
        gradient: estimate of the change of log price a row.
        ewma: average price.
        running_a: decayed sum of what the price was above its average.
    """

    gradient: Row
    ewma: Row
    running_a: Row


class VarianceState(NamedTuple):
    """Of moments of returns. ``running`` is ``(n,)`` for variances and ``(n, n)`` for covariances."""

    price: Row
    change: Row
    has_change: Bool[Array, "..."]
    deviation: Row
    running: Row


def average_start(price: Row) -> AverageState:
    """An average that is the first price."""
    return AverageState(price, jnp.zeros_like(price))


def average_step(way: Way, state: AverageState, price: Row, lamb: Row) -> tuple[AverageState, Row]:
    """``e <- e + (1 - lambda)(C - e)``; the output is ``e``."""
    decay = _decay(lamb, price)
    change = price - way.previous(state.price, price)
    state = AverageState(price, way.decayed(decay, state.deviation, decay * change))
    return state, price - state.deviation


def gradient_start(price: Row) -> GradientState:
    """An average that is the first price, and no gradient."""
    return GradientState(price, *[jnp.zeros_like(price)] * 3)


def gradient_step(
    way: Way,
    state: GradientState,
    price: Row,
    lamb: Row,
    alt_lamb: Row | None = None,
    threshold: float = STILL,
) -> tuple[GradientState, Gradient]:
    r"""The proportional gradient ``a / (b e)``, where :math:`a \leftarrow \lambda a + (C - e) / (1 - \lambda)`.

    Args:
        way: how to look back.
        state: before.
        price: above 0, ``(n,)`` or rows of them.
        lamb: decay, broadcast to the price.
        alt_lamb: decay of a second average that takes the place of ``e`` in the quotient.
        threshold: an ``|a / e|`` below it counts as 0.
    """
    decay = _decay(lamb, price)
    (_, deviation), ewma = average_step(way, AverageState(state.price, state.deviation), price, lamb)
    running = way.decayed(decay, state.running_a, deviation / (1 - decay))
    alt_deviation, base = deviation, ewma
    if alt_lamb is not None:
        (_, alt_deviation), base = average_step(
            way, AverageState(state.price, state.alt_deviation), price, alt_lamb
        )
    seen = jnp.where(jnp.abs(running) < threshold * jnp.abs(ewma), 0.0, running)
    gradient = seen * ((1 - decay) ** 3 / decay) / base
    return GradientState(price, deviation, alt_deviation, running), Gradient(gradient, ewma, seen)


def variance_start(price: Row) -> VarianceState:
    """No return yet."""
    zeros = jnp.zeros_like(price)
    return VarianceState(price, zeros, jnp.zeros_like(price, bool), zeros, zeros)


def variance_step(way: Way, state: VarianceState, price: Row, lamb: Row) -> tuple[VarianceState, Row]:
    """Variance of returns around their average; 1 at the first return."""
    decay = _decay(lamb, price)
    state, is_first = _returns(way, state, price, decay)
    running = way.decayed(decay, state.running, state.deviation**2 / decay)
    return state._replace(running=running), jnp.where(is_first, 1.0, (1 - decay) * running)


def covariance_start(price: Float[Array, " n"]) -> VarianceState:
    """No return yet, and the identity ``(n, n)``."""
    return variance_start(price)._replace(running=jnp.eye(price.shape[0], dtype=price.dtype))


def covariance_step(
    way: Way, state: VarianceState, price: Row, lamb: Float[Array, ""]
) -> tuple[VarianceState, Row]:
    """Covariance of returns around their averages, ``(n, n)``; zeros at the first return."""
    decay = _decay(lamb, price)
    start = state.running
    state, is_first = _returns(way, state, price, decay)
    one = decay[..., :1, None]
    outer = state.deviation[..., :, None] * state.deviation[..., None, :] / one
    unmoved = (1 - one) * jnp.broadcast_to(start, outer.shape)
    running = way.decayed(one, start, jnp.where(is_first[..., None], unmoved, outer))
    return state._replace(running=running), jnp.where(is_first[..., None], 0.0, (1 - one) * running)


def _returns(way: Way, state: VarianceState, price: Row, decay: Row) -> tuple[VarianceState, Array]:
    """Returns, their deviation from their average after this one, and where a row is the first of them."""
    before = way.previous(state.price, price)
    change = (price - before) / before
    has_before = way.previous(state.has_change, jnp.ones_like(price, bool))
    earlier = jnp.where(has_before, way.previous(state.change, change), change)
    deviation = way.decayed(decay, state.deviation, decay * (change - earlier))
    has_change = jnp.ones_like(price, bool)
    return VarianceState(price, change, has_change, deviation, state.running), ~has_before


def _decay(lamb: Row, price: Row) -> Row:
    return jnp.broadcast_to(jnp.maximum(lamb, LEAST_LAMBDA), price.shape)


@functools.partial(jax.jit, static_argnames="form")
def price_gradient(
    prices: Prices, lamb: Row, alt_lamb: Row | None = None, form: Form | int = "vectorized"
) -> Gradient:
    r"""Proportional gradients of rows of prices, :math:`a / (b e)` with :math:`b = \lambda / (1 - \lambda)^3`.

    Args:
        prices: above 0, ``(rows, n)``.
        lamb: decay a row, within 0 .. 1 (1 excluded), ``(n,)`` or ``()``.
        alt_lamb: decay of the average in the quotient; ``lamb`` by default.
        form: ``"vectorized"``, ``"scan"``, or, for convolution, the length of the kernel, such as that of
            :func:`.recurrences.kernel_rows`.

    Returns:
        ``(rows - 1, n)`` each; row ``i`` uses prices ``0 .. i + 1``.

    References:
        QuantAMM, Temporal-function market making litepaper (2024), on estimators on chain.

    >>> found = price_gradient(jnp.array([[1.0], [1.0], [2.0]]), jnp.array([0.5]))
    >>> [float(g) for g in found.gradient[:, 0]]
    [0.0, 0.1666666716337204]
    """

    def step(way: Way, state: GradientState, price: Row) -> tuple[GradientState, Gradient]:
        return gradient_step(way, state, price, lamb, alt_lamb)

    return _over(step, gradient_start(prices[0]), prices, form)


@functools.partial(jax.jit, static_argnames="form")
def ewma(prices: Prices, lamb: Row, form: Form | int = "vectorized") -> Estimates:
    """Exponentially weighted averages that start at the first price, ``(rows - 1, n)`` from the second on.

    Args:
        prices: ``(rows, n)``.
        lamb: decay a row, within 0 .. 1, ``(n,)`` or ``()``.
        form: as in :func:`price_gradient`.

    >>> ewma(jnp.array([[1.0], [2.0]]), jnp.array([0.5])).tolist()
    [[1.5]]
    """

    def step(way: Way, state: AverageState, price: Row) -> tuple[AverageState, Row]:
        return average_step(way, state, price, lamb)

    return _over(step, average_start(prices[0]), prices, form)


@functools.partial(jax.jit, static_argnames="form")
def return_variance(prices: Prices, lamb: Row, form: Form | int = "vectorized") -> Estimates:
    """Variances of returns, ``(rows - 1, n)``; the first row is 1 by convention.

    Args:
        prices: above 0, ``(rows, n)``.
        lamb: decay a row, within 0 .. 1 (1 excluded), ``(n,)`` or ``()``.
        form: as in :func:`price_gradient`.

    >>> return_variance(jnp.array([[1.0], [2.0], [2.0]]), jnp.array([0.5])).tolist()
    [[1.0], [0.25]]
    """

    def step(way: Way, state: VarianceState, price: Row) -> tuple[VarianceState, Row]:
        return variance_step(way, state, price, lamb)

    return _over(step, variance_start(prices[0]), prices, form)


@functools.partial(jax.jit, static_argnames="form")
def return_covariance(
    prices: Prices, lamb: Float[Array, ""], form: Form | int = "vectorized"
) -> Float[Array, "earlier n n"]:
    """Covariances of returns, ``(rows - 1, n, n)``, decaying from the identity; the first row is zeros.

    Args:
        prices: above 0, ``(rows, n)``.
        lamb: decay a row, within 0 .. 1 (1 excluded), one for all tokens.
        form: as in :func:`price_gradient`.

    >>> return_covariance(jnp.array([[1.0], [2.0], [2.0]]), jnp.array(0.5)).tolist()
    [[[0.0]], [[0.5]]]
    """

    def step(way: Way, state: VarianceState, price: Row) -> tuple[VarianceState, Row]:
        return covariance_step(way, state, price, lamb)

    return _over(step, covariance_start(prices[0]), prices, form)


def _over(step: Step, state: Any, prices: Prices, form: Form | int) -> Any:
    if isinstance(form, int):
        return step(convolving(form), state, prices[1:])[1]
    return run(form, step, state, prices[1:])[1]
