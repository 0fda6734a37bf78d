"""Ising, Potts, clock and XY models on lattices, with fields, anisotropy and disorder.

All have one form, ``E(x) = -Σ_b J_b f(x_i, x_j) - Σ_i h_i g(x_i)``, over the bonds ``b`` of the lattice. States are
arrays of the lattice's shape.
"""

import abc
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.energy.base import AbstractEnergy
from isotherm.energy.coding import coded_state
from isotherm.energy.inputs import check_finite, floating
from isotherm.energy.lattice.shapes import Lattice
from isotherm.energy.variables import Variables, categorical, real, spin
from isotherm.errors import refusal
from isotherm.random.keys import KeyOrSeed

MAX_STATES = 256
"""Values of a Potts or clock variable: states are bytes. More angles than that are the XY model's."""


class AbstractLatticeModel(AbstractEnergy):
    """A model of one variable a site and one kind of interaction on all bonds.

    Attributes:
        lattice: the geometry (static).
        coupling: ``J``, shape ``(directions,)``, or ``(directions, *shape)`` with an entry for the bond that starts
            at each site; entries where there is no bond count for nothing.
        field: ``h``, shape ``()`` or that of the lattice.
    """

    lattice: eqx.AbstractVar[Lattice]
    coupling: eqx.AbstractVar[Any]
    field: eqx.AbstractVar[Any]

    @property
    @abc.abstractmethod
    def dtype(self) -> Any:
        """Of states."""

    @abc.abstractmethod
    def interaction(self, a: Array, b: Array) -> Float[Array, "..."]:
        """``f`` of the two ends of bonds, elementwise: two arrays of one shape ``(...)``, floats of that shape."""

    @abc.abstractmethod
    def alignment(self, x: Array) -> Float[Array, "..."]:
        """``g``, what the field favours, elementwise: floats of the shape ``(...)`` of ``x``."""

    @abc.abstractmethod
    def random_state(self, key: KeyOrSeed) -> Array:
        """Every site by itself, uniform: the law at ``beta = 0``; shape ``(*shape,)``, of :attr:`dtype`."""

    @abc.abstractmethod
    def ordered_state(self) -> Array:
        """Every site as a positive field favours it: a ground state of positive couplings; shape ``(*shape,)``."""

    def energy(self, x: Array) -> Float[Array, ""]:
        """Energy of one state of shape ``(*shape,)``: a scalar in units of ``J``; ``vmap`` for more.

        Raises:
            ValueError: if it has another shape, or naming a known entry that a site cannot have.
        """
        x = self.coded(x)
        couplings = jnp.asarray(self.coupling, jnp.result_type(float))
        total = -jnp.sum(jnp.asarray(self.field, couplings.dtype) * self.alignment(x))
        for d, exists in enumerate(self.lattice.has_bond):
            terms = self.interaction(x, self.lattice.ends(x, d))
            total -= jnp.sum(jnp.where(exists, couplings[d] * terms, 0.0))
        return total

    @property
    @abc.abstractmethod
    def kinds(self) -> Variables:
        """What a site holds."""

    def coded(self, x: Array) -> Array:
        """One state of the lattice, shape ``(*shape,)``, as numbers of this model, bools included.

        Raises:
            ValueError: naming its shape if that is not the lattice's, or a known entry that a site cannot have.
        """
        state = jnp.asarray(coded_state("x", self.kinds, x))
        if state.shape != self.lattice.shape:
            raise refusal(
                "x.shape", state.shape, f"must be {self.lattice.shape}, as the lattice; vmap for more"
            )
        return state

    @property
    def is_uniform(self) -> bool:
        """Whether couplings differ by direction at most, and the field nowhere."""
        return np.ndim(self.coupling) == 1 and np.ndim(self.field) == 0


class LatticeIsing(AbstractLatticeModel):
    r"""Spins :math:`s_i = \pm 1`, :math:`E = -\sum_b J_b s_i s_j - \sum_i h_i s_i`; states are int8.

    Args:
        lattice: the geometry.
        coupling: ``J``: one number, or one a direction (anisotropy), or shape ``(directions, *shape)`` (disorder).
        field: ``h``: one number, or one a site.

    Raises:
        ValueError: naming the coupling or field of a wrong shape.

    >>> from isotherm.energy import square
    >>> model = LatticeIsing(square(4), coupling=1.0, field=0.5)
    >>> float(model.energy(model.ordered_state()))  # 32 bonds, 16 sites
    -40.0

    References:
        Ising, Zeitschrift für Physik 31 (1925) 253; Onsager, Phys. Rev. 65 (1944) 117.
    """

    lattice: Lattice = eqx.field(static=True)
    coupling: Any
    field: Any

    def __init__(self, lattice: Lattice, coupling: Any = 1.0, field: Any = 0.0) -> None:
        self.lattice = lattice
        self.coupling, self.field = _parameters(lattice, coupling, field)

    @property
    def dtype(self) -> Any:
        """int8."""
        return jnp.int8

    @property
    def kinds(self) -> Variables:
        """Spins."""
        return spin(1)

    def interaction(self, a: Array, b: Array) -> Float[Array, "..."]:
        """Product of the spins, elementwise: -1 or +1 as floats, in their shape ``(...)``."""
        return (a * b).astype(jnp.result_type(float))

    def alignment(self, x: Array) -> Float[Array, "..."]:
        """The spin as floats, in its shape ``(...)``."""
        return x.astype(jnp.result_type(float))

    def random_state(self, key: KeyOrSeed) -> Array:
        """Independent fair spins, int8 of shape ``(*shape,)``, the lattice's.

        Raises:
            TypeError: if ``key`` is no JAX key.
            ValueError: if it is several.
        """
        key = doors.random_key("key", key)
        return jnp.where(jax.random.bernoulli(key, 0.5, self.lattice.shape), 1, -1).astype(jnp.int8)

    def ordered_state(self) -> Array:
        """All up: ones, int8 of shape ``(*shape,)``."""
        return jnp.ones(self.lattice.shape, jnp.int8)


class AbstractStates(AbstractLatticeModel):
    """A model whose sites take values ``0 .. num_values - 1``, kept in bytes."""

    @property
    @abc.abstractmethod
    def num_values(self) -> int:
        """Values of a site."""

    @property
    @abc.abstractmethod
    def pair_table(self) -> Float[np.ndarray, "values values"]:
        """``f`` of all pairs of values, float64, shape ``(num_values, num_values)``, symmetric."""

    @property
    @abc.abstractmethod
    def site_table(self) -> Float[np.ndarray, " values"]:
        """``g`` of all values, float64, shape ``(num_values,)``."""

    @property
    def dtype(self) -> Any:
        """uint8."""
        return jnp.uint8

    @property
    def kinds(self) -> Variables:
        """Values ``0 .. num_values - 1``."""
        return categorical(1, self.num_values)

    def random_state(self, key: KeyOrSeed) -> Array:
        """Independent, uniform values, uint8 of shape ``(*shape,)``, the lattice's.

        Raises:
            TypeError: if ``key`` is no JAX key.
            ValueError: if it is several.
        """
        key = doors.random_key("key", key)
        found = jax.random.randint(key, self.lattice.shape, 0, self.num_values, jnp.int32)
        return found.astype(jnp.uint8)

    def ordered_state(self) -> Array:
        """All zero, uint8 of shape ``(*shape,)``."""
        return jnp.zeros(self.lattice.shape, jnp.uint8)


class LatticePotts(AbstractStates):
    r"""Values :math:`0 \dots q - 1`, :math:`E = -\sum_b J_b [x_i = x_j] - \sum_i h_i [x_i = 0]`; states are uint8.

    Args:
        lattice: the geometry.
        num_states: ``q``, 2 to 256.
        coupling: as for :class:`LatticeIsing`.
        field: as for :class:`LatticeIsing`.

    Raises:
        ValueError: naming what is out of range.

    References:
        Potts, Proc. Camb. Phil. Soc. 48 (1952) 106; Wu, The Potts model, Rev. Mod. Phys. 54 (1982) 235.
    """

    lattice: Lattice = eqx.field(static=True)
    num_states: int = eqx.field(static=True)
    coupling: Any
    field: Any

    def __init__(self, lattice: Lattice, num_states: int, coupling: Any = 1.0, field: Any = 0.0) -> None:
        self.lattice, self.num_states = lattice, doors.whole("num_states", num_states, 2, MAX_STATES)
        self.coupling, self.field = _parameters(lattice, coupling, field)

    @property
    def num_values(self) -> int:
        """``num_states``."""
        return self.num_states

    @property
    def pair_table(self) -> Float[np.ndarray, "values values"]:
        """The identity, float64, shape ``(q, q)``."""
        return np.eye(self.num_states)

    @property
    def site_table(self) -> Float[np.ndarray, " values"]:
        """One at value zero, else zero; float64, shape ``(q,)``."""
        return np.eye(self.num_states)[0]

    def interaction(self, a: Array, b: Array) -> Float[Array, "..."]:
        """One where equal, else zero, as floats in their shape ``(...)``."""
        return (a == b).astype(jnp.result_type(float))

    def alignment(self, x: Array) -> Float[Array, "..."]:
        """One where zero, else zero, as floats in the shape ``(...)`` of ``x``."""
        return (x == 0).astype(jnp.result_type(float))


class LatticeClock(AbstractStates):
    r"""Angles :math:`\theta_i = 2\pi k_i / q` and the energy of the XY model.

    .. math:: E = -\sum_b J_b \cos(\theta_i - \theta_j) - \sum_i h_i \cos\theta_i

    States are the numbers :math:`k_i`, uint8.

    Args:
        lattice: the geometry.
        num_angles: ``q``, 2 to 256.
        coupling: as for :class:`LatticeIsing`.
        field: as for :class:`LatticeIsing`; favours angle zero.

    Raises:
        ValueError: naming what is out of range.

    References:
        José, Kadanoff, Kirkpatrick and Nelson, Phys. Rev. B 16 (1977) 1217.
    """

    lattice: Lattice = eqx.field(static=True)
    num_angles: int = eqx.field(static=True)
    coupling: Any
    field: Any

    def __init__(self, lattice: Lattice, num_angles: int, coupling: Any = 1.0, field: Any = 0.0) -> None:
        self.lattice, self.num_angles = lattice, doors.whole("num_angles", num_angles, 2, MAX_STATES)
        self.coupling, self.field = _parameters(lattice, coupling, field)

    @property
    def num_values(self) -> int:
        """``num_angles``."""
        return self.num_angles

    @property
    def pair_table(self) -> Float[np.ndarray, "values values"]:
        """Cosines of all differences, float64 in [-1, 1], shape ``(q, q)``."""
        k = np.arange(self.num_angles)
        return self.cosines[(k[:, None] - k[None]) % self.num_angles]

    @property
    def site_table(self) -> Float[np.ndarray, " values"]:
        """Cosines of all angles, float64 in [-1, 1], shape ``(q,)``."""
        return self.cosines

    @property
    def cosines(self) -> np.ndarray:
        """Cosine of each angle, float64 ``(num_angles,)``, exact zeros included."""
        return _exact(np.cos(2 * np.pi * np.arange(self.num_angles) / self.num_angles))

    @property
    def sines(self) -> np.ndarray:
        """Sine of each angle, float64 ``(num_angles,)``."""
        return _exact(np.sin(2 * np.pi * np.arange(self.num_angles) / self.num_angles))

    def interaction(self, a: Array, b: Array) -> Float[Array, "..."]:
        """Cosine of the difference, elementwise, as floats in their shape ``(...)``."""
        turns = (a.astype(jnp.int32) - b.astype(jnp.int32)) % self.num_angles
        return jnp.asarray(self.cosines, jnp.result_type(float))[turns]

    def alignment(self, x: Array) -> Float[Array, "..."]:
        """Cosine of the angle, elementwise, as floats in the shape ``(...)`` of ``x``."""
        return jnp.asarray(self.cosines, jnp.result_type(float))[x.astype(jnp.int32)]

    def angles(self, x: Array) -> Float[Array, "..."]:
        """Angles of a state in radians, ``[0, 2π)``, in its shape ``(...)``."""
        return x.astype(jnp.result_type(float)) * (2 * math.pi / self.num_angles)


class LatticeXY(AbstractLatticeModel):
    r"""Angles :math:`\theta_i \in [0, 2\pi)`.

    .. math:: E = -\sum_b J_b \cos(\theta_i - \theta_j) - \sum_i h_i \cos\theta_i

    States are float32, in radians.

    Args:
        lattice: the geometry.
        coupling: as for :class:`LatticeIsing`.
        field: as for :class:`LatticeIsing`; favours angle zero.

    Raises:
        ValueError: naming the coupling or field of a wrong shape.

    References:
        Kosterlitz and Thouless, J. Phys. C 6 (1973) 1181.
    """

    lattice: Lattice = eqx.field(static=True)
    coupling: Any
    field: Any

    def __init__(self, lattice: Lattice, coupling: Any = 1.0, field: Any = 0.0) -> None:
        self.lattice = lattice
        self.coupling, self.field = _parameters(lattice, coupling, field)

    @property
    def dtype(self) -> Any:
        """float32."""
        return jnp.float32

    @property
    def kinds(self) -> Variables:
        """Reals."""
        return real(1)

    def interaction(self, a: Array, b: Array) -> Float[Array, "..."]:
        """Cosine of the difference of angles in radians, elementwise, in their shape ``(...)``."""
        return jnp.cos(a - b)

    def alignment(self, x: Array) -> Float[Array, "..."]:
        """Cosine of the angle in radians, elementwise, in the shape ``(...)`` of ``x``."""
        return jnp.cos(x)

    def random_state(self, key: KeyOrSeed) -> Array:
        """Independent, uniform angles in ``[0, 2π)``, float32 of shape ``(*shape,)``, the lattice's.

        Raises:
            TypeError: if ``key`` is no JAX key.
            ValueError: if it is several.
        """
        key = doors.random_key("key", key)
        return jax.random.uniform(key, self.lattice.shape, jnp.float32, 0.0, 2 * math.pi)

    def ordered_state(self) -> Array:
        """All angles zero, float32 of shape ``(*shape,)``."""
        return jnp.zeros(self.lattice.shape, jnp.float32)

    def angles(self, x: Array) -> Float[Array, "..."]:
        """The state itself: radians of any range, in its shape ``(...)``."""
        return x


def _exact(values: np.ndarray) -> np.ndarray:
    """Zeros, halves and ones without their rounding errors, so that energies that tie do tie."""
    nearest = np.round(values * 2) / 2
    return np.where(np.abs(values - nearest) < 1e-15, nearest, values)


def _parameters(lattice: Lattice, coupling: Any, field: Any) -> tuple[Any, Any]:
    doors.instance("lattice", lattice, Lattice, "a Lattice", "square(8) makes one")
    directions = len(lattice.directions)
    coupling, field = floating("coupling", coupling), floating("field", field)
    if np.ndim(coupling) == 0:
        coupling = spread(coupling, (directions,))
    if coupling.shape not in ((directions,), (directions, *lattice.shape)):
        allowed = f"must be (), ({directions},) or {(directions, *lattice.shape)}"
        raise refusal("coupling.shape", coupling.shape, allowed)
    if field.shape not in ((), lattice.shape):
        raise refusal("field.shape", field.shape, f"must be () or {lattice.shape}")
    for name, values in (("coupling", coupling), ("field", field)):
        check_finite(name, values)
    return coupling, field


def spread(values: Any, shape: tuple[int, ...]) -> Any:
    """Broadcast, by NumPy what is NumPy's, so that float64 parameters keep their digits."""
    return (jnp if isinstance(values, jax.Array) else np).broadcast_to(values, shape)
