"""The numbers of a parameter set that are trained, in one row: what optimisers and samplers move."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64


class Coordinates(NamedTuple):
    """Where the trained parameters of a set stand in one row of numbers; what is not trained stands nowhere.

    Attributes:
        names: of what is trained, sorted.
        shapes: of each, of one set, in the order of the names.

    >>> params = {"log_k": np.zeros((2, 3)), "phi": np.ones((2, 1))}
    >>> at = coordinates_of(params, {"log_k": True, "phi": False})
    >>> at.size, at.labels, at.rows(params).shape
    (3, ('log_k[0]', 'log_k[1]', 'log_k[2]'), (2, 3))
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]

    @property
    def size(self) -> int:
        """Numbers of a set."""
        return sum(self._sizes)

    @property
    def labels(self) -> tuple[str, ...]:
        """Of each number: the parameter's name, and its place where it has several."""
        return tuple(
            name if size == 1 else f"{name}[{at}]"
            for name, size in zip(self.names, self._sizes, strict=True)
            for at in range(size)
        )

    @property
    def _sizes(self) -> tuple[int, ...]:
        return tuple(math.prod(shape) for shape in self.shapes)

    def rows(self, params: Mapping[str, Any]) -> Float64[np.ndarray, "*sets size"]:
        """The trained numbers, ``(..., size)``, of one set or, with an axis before, of several."""
        return np.concatenate(
            [
                value.reshape(*value.shape[: value.ndim - len(shape)], -1)
                for name, shape in zip(self.names, self.shapes, strict=True)
                for value in [np.asarray(params[name], np.float64)]
            ],
            axis=-1,
        )

    def params(self, rows: Any) -> dict[str, Any]:
        """The trained parameters by name, ``(..., *shape)`` each, of rows ``(..., size)`` of NumPy or JAX."""
        ends = np.cumsum(self._sizes)
        parts = zip(self.names, self.shapes, ends, self._sizes, strict=True)
        return {
            name: rows[..., end - size : end].reshape(*rows.shape[:-1], *shape)
            for name, shape, end, size in parts
        }

    def placed(
        self, rows: Float64[np.ndarray, "sets size"], others: Mapping[str, Any]
    ) -> dict[str, np.ndarray]:
        """Sets with these trained numbers.

        Args:
            rows: ``(sets, size)``.
            others: of as many sets, whose other parameters are taken.
        """
        return {name: np.asarray(value) for name, value in others.items()} | self.params(rows)


def coordinates_of(params: Mapping[str, Any], trained: Mapping[str, bool]) -> Coordinates:
    """Coordinates of what is trained.

    Args:
        params: of sets, ``(sets, ...)`` each.
        trained: by parameter, whether it is.
    """
    names = tuple(sorted(name for name in params if trained[name]))
    return Coordinates(names, tuple(tuple(np.shape(params[name])[1:]) for name in names))
