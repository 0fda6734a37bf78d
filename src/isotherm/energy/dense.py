"""Spins of plus and minus one on a dense graph."""

import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Bool, Float, Int8

from isotherm.doors import affordable, real_numbers
from isotherm.energy.base import AbstractEnergy
from isotherm.energy.coding import coded_state
from isotherm.energy.inputs import check_magnitude
from isotherm.energy.variables import spin
from isotherm.errors import refusal


class Ising(AbstractEnergy):
    r"""Dense Ising model, :math:`E(s) = -\sum_i b_i s_i - \sum_{i<j} J_{ij} s_i s_j`.

    Attributes:
        biases: external field of each spin, shape ``(n,)``, ``n >= 1``, float; positive favours ``+1``.
        couplings: shape ``(n, n)``, symmetric with zero diagonal, each pair counted once; positive favours
            alignment.

    Raises:
        ValueError: if the shapes disagree or (for concrete arrays, through :meth:`checked`) if a value is not
            finite, the couplings are not symmetric, or the diagonal is not zero.

    Every spin up, with couplings of one between neighbours of a ring of three:

    >>> import jax.numpy as jnp
    >>> model = Ising.checked(biases=[0.5, 0.0, 0.0], couplings=1.0)
    >>> float(model.energy(jnp.ones(3, jnp.int8)))
    -3.5

    References:
        Ising, Beitrag zur Theorie des Ferromagnetismus, Zeitschrift für Physik 31 (1925) 253.
    """

    biases: Float[Array, " n"]
    couplings: Float[Array, "n n"]

    def __check_init__(self) -> None:
        n = self.biases.shape[-1]
        if n < 1:
            raise refusal("biases.shape", self.biases.shape, "at least one spin is needed")
        if self.couplings.shape[-2:] != (n, n):
            raise refusal("couplings.shape", self.couplings.shape, f"must be ({n}, {n}) to match biases")

    @property
    def num_spins(self) -> int:
        """Number of spins ``n``."""
        return self.biases.shape[-1]

    def energy(self, x: Int8[Array, " n"] | Bool[Array, " n"]) -> Float[Array, ""]:
        """Energy of one configuration of ``+1`` and ``-1``, or bools, shape ``(n,)``; ``vmap`` for more.

        Raises:
            ValueError: if it has another shape, or naming a known entry that is no spin.
        """
        state = jnp.asarray(coded_state("x", spin(self.num_spins), x))
        if state.shape != (self.num_spins,):
            raise refusal(
                "x.shape", state.shape, f"must be ({self.num_spins},), the model's spins; vmap for more"
            )
        s = state.astype(self.biases.dtype)
        return -(self.biases @ s) - 0.5 * (s @ self.couplings @ s)

    @classmethod
    def checked(cls, biases: object, couplings: object, dtype: DTypeLike = jnp.float32) -> "Ising":
        """Build from anything array-like after checking the values, which a traced constructor cannot.

        Args:
            biases: shape ``(n,)``.
            couplings: shape ``(n, n)``, symmetric, zero diagonal; or a scalar, the same for every pair.
            dtype: floating dtype of the parameters.

        Raises:
            ValueError: naming the field at fault, if a value is not finite, the shapes disagree, or the
                couplings are not symmetric with zero diagonal.
        """
        b, j = real_numbers("biases", biases), real_numbers("couplings", couplings)
        if b.ndim != 1:
            raise refusal("biases.shape", b.shape, "must be one-dimensional, (n,)")
        affordable(
            "biases", f"{len(b)} spins", 8.0 * len(b) ** 2, "a dense model holds every pair; use `ising`"
        )
        if j.ndim == 0:
            j = j * (1.0 - np.eye(len(b)))
        for name, values in (("biases", b), ("couplings", j)):
            if not np.isfinite(values).all():
                raise refusal(name, values[~np.isfinite(values)][0].item(), "must be finite")
            check_magnitude(name, values)
        if j.shape != (len(b), len(b)):
            raise refusal("couplings.shape", j.shape, f"must be ({len(b)}, {len(b)}) to match biases")
        if not np.array_equal(j, j.T):
            i, k = np.argwhere(j != j.T)[0]
            raise refusal(f"couplings[{i}, {k}]", j[i, k].item(), f"must equal couplings[{k}, {i}]")
        if np.diag(j).any():
            i = int(np.flatnonzero(np.diag(j))[0])
            raise refusal(f"couplings[{i}, {i}]", j[i, i].item(), "the diagonal must be zero")
        return cls(biases=jnp.asarray(b, dtype=dtype), couplings=jnp.asarray(j, dtype=dtype))
