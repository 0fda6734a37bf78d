"""Windows that stay the same from step to step, and the mean objective over them. Section 7.7."""

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float64, Int, Int64

from isotherm import doors
from isotherm.market.train.objective import WindowObjective, WindowPrices
from isotherm.market.train.windows import WindowStarts
from isotherm.random.keys import KeyOrSeed

AT_ONCE = 8
"""Windows whose minutes are walked together, and parameter sets: those of all would not fit into memory."""

Sets = dict[str, Array]


def evaluation_points(key: KeyOrSeed, starts: WindowStarts, count: int) -> Int64[np.ndarray, " points"]:
    """Starts of fixed windows: random ones and equally spaced ones, each once, in order, ``(points,)``.

    Args:
        key: of the random ones, drawn without replacement.
        starts: that are possible; the first and the last of them are among the spaced ones.
        count: of each kind; where there are fewer starts, all of them.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming ``count`` if it is below 1.

    >>> evaluation_points(jax.random.key(0), WindowStarts(first=1440, spacing=1440, rows=100), 3).tolist()
    [1440, 2880, 53280, 73440, 144000]
    >>> evaluation_points(jax.random.key(0), WindowStarts(first=1440, spacing=1440, rows=1), 3).tolist()
    [1440]
    """
    key = doors.random_key("key", key)
    doors.instance("starts", starts, WindowStarts, "a WindowStarts", "possible_starts tells them")
    few = min(doors.whole("count", count, 1), starts.rows)
    drawn = starts.first + starts.spacing * jax.random.choice(key, starts.rows, (few,), replace=False)
    return np.union1d(starts.evenly(few), np.asarray(drawn)).astype(np.int64)


class FixedPoints(eqx.Module):
    """The mean objective of a parameter set over fixed windows.

    Other parameters of the same shapes compile nothing anew, wherever a method of this is called compiled.

    Attributes:
        objective: of a window.
        starts: of the windows, ``(points,)``.
        known: what the objective reads of each before; None where it walks their minutes.
        at_once: windows whose minutes are walked together, and parameter sets (static).
    """

    objective: WindowObjective
    starts: Int[Array, " points"]
    known: WindowPrices | None
    at_once: int = eqx.field(static=True, default=AT_ONCE)

    @classmethod
    def of(
        cls,
        objective: WindowObjective,
        starts: Int64[np.ndarray, " points"],
        dtype: str = "float64",
        at_once: int = AT_ONCE,
    ) -> "FixedPoints":
        """With all that can be read of the windows before any parameter is known.

        Args:
            objective: of a window, in float64.
            starts: of the windows, ``(points,)``.
            dtype: that objectives are computed in, ``"float64"`` or ``"float32"``.
            at_once: windows whose minutes are walked together; more are faster, and take as much more memory.
        """
        rows = jnp.asarray(starts)
        return _cast(cls(objective, rows, _read(objective, rows), at_once), jnp.dtype(dtype))

    @property
    def dtype(self) -> jnp.dtype:
        """That objectives are computed in; parameters come and answers go in float64."""
        return self.objective.course.prices.dtype

    def values(self, params: Sets) -> Float64[Array, " points"]:
        """The objective of one set in each window, ``(points,)``."""
        own = _cast(params, self.dtype)
        found = self._over_points(lambda start, known: self.objective.judged(own, start, known))
        return found.astype(jnp.float64)

    def mean(self, params: Sets) -> Float64[Array, ""]:
        """Over the windows, of one set."""
        return jnp.mean(self.values(params))

    def mean_and_gradient(self, params: Sets) -> tuple[Float64[Array, ""], Sets]:
        """The mean of one set and its gradient, window by window, so that none is kept for going back."""
        climb, own = jax.value_and_grad(self.objective.judged), _cast(params, self.dtype)
        found = self._over_points(lambda start, known: climb(own, start, known))
        return jax.tree.map(lambda leaf: leaf.astype(jnp.float64).mean(0), found)

    def _over_points(self, of_one: Callable[[Array, WindowPrices | None], Any]) -> Any:
        """Minutes of a window are walked again on the way back: those of all would not fit into memory."""
        if self.known is not None:
            return jax.vmap(of_one)(self.starts, self.known)
        walk = jax.checkpoint(lambda start: of_one(start, None))
        return jax.lax.map(walk, self.starts, batch_size=self.at_once)

    def of_population(self, params: Sets) -> Float64[Array, "members points"]:
        """Of many sets at once, ``(members, ...)`` each: the objective of each in each window."""
        if self.known is not None:
            return jax.vmap(self.values)(params)
        return jax.lax.map(self.values, params, batch_size=self.at_once)


@eqx.filter_jit
def _read(objective: WindowObjective, starts: Int[Array, " points"]) -> WindowPrices | None:
    return jax.lax.map(objective.read, starts)


def _cast(tree: Any, dtype: jnp.dtype) -> Any:
    """With floating arrays of this kind; random keys are none."""

    def cast(leaf: Any) -> Any:
        return leaf.astype(dtype) if eqx.is_array(leaf) and jnp.issubdtype(leaf.dtype, jnp.floating) else leaf

    return jax.tree.map(cast, tree)


def population_values(
    points: FixedPoints, params: Mapping[str, Any]
) -> Float64[np.ndarray, "members points"]:
    """The objective of each of many sets in each window, by one compiled call, ``(members, points)``.

    Args:
        points: the windows.
        params: raw parameters, ``(members, ...)`` each.
    """
    sets = {name: jnp.asarray(value) for name, value in params.items()}
    return np.asarray(_population_values(points, sets))


@eqx.filter_jit
def _population_values(points: FixedPoints, params: Sets) -> Float64[Array, "members points"]:
    return points.of_population(params)
