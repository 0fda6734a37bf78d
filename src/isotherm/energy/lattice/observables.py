"""What is measured of one state of a lattice model; ``vmap`` for more. All sums are per site.

They are raw: functions of one state, without beta, to be averaged over many. What is made of their averages, such as
heat capacity, susceptibility, Binder cumulant or helicity modulus, is in ``isotherm.estimate.estimates``.
"""

import math
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from isotherm.doors import whole
from isotherm.energy.kinds import lattice_model
from isotherm.energy.lattice.models import (
    AbstractLatticeModel,
    LatticeClock,
    LatticeIsing,
    LatticePotts,
    LatticeXY,
)
from isotherm.energy.lattice.vortices import has_plaquettes, vortices
from isotherm.errors import refusal


class Measure(eqx.Module):
    """:func:`measure` of a kernel's state: pass it as ``observe`` to :func:`isotherm.sample.sample`.

    >>> from types import SimpleNamespace
    >>> from isotherm.energy import square
    >>> model = LatticeIsing(square(4))
    >>> found = Measure(model)(SimpleNamespace(position=model.ordered_state()))
    >>> float(found["magnetization"]), float(found["energy"])
    (1.0, -2.0)
    """

    model: AbstractLatticeModel

    def __check_init__(self) -> None:
        lattice_model("model", self.model)

    def __call__(self, state: Any) -> dict[str, Float[Array, ""]]:
        """Observables of ``state.position``."""
        return measure(self.model, state.position)


def measure(model: AbstractLatticeModel, x: Array) -> dict[str, Float[Array, ""]]:
    """All observables of one state that estimates are made of, by name.

    ========================================  ==========================================================
    all models                                ``energy``; ``structure_kmin`` if a dimension is periodic
    Ising                                     ``magnetization`` (signed), ``wall_density``
    Potts                                     ``largest_fraction``, ``magnetization2``, ``wall_density``
    clock, XY                                 ``magnetization``, ``helicity_cosine``, ``helicity_sine``
    clock, XY on square lattices              ``vortex_density``, ``antivortex_density``, a plaquette
    ========================================  ==========================================================

    Args:
        model: any lattice model.
        x: one state, shape ``(*shape,)``, the lattice's.

    Returns:
        Scalars in JAX's default floats; see the functions of the same names for definitions.

    Raises:
        TypeError: if ``model`` is no lattice model.
        ValueError: if ``x`` is of another shape, or naming a known entry that a site cannot have.
    """
    x = lattice_model("model", model).coded(x)
    found = {"energy": energy_per_site(model, x)}
    if any(model.lattice.periodic):
        found["structure_kmin"] = structure_kmin(model, x)
    if isinstance(model, LatticeIsing):
        found["magnetization"] = magnetization(model, x)
    if isinstance(model, LatticePotts):
        found |= _potts(model, x)
    if isinstance(model, LatticeIsing | LatticePotts):
        found["wall_density"] = domain_wall_length(model, x).astype(_real()) / model.lattice.num_sites
    if isinstance(model, LatticeClock | LatticeXY):
        found |= _of_angles(model, x)
    return found


def energy_per_site(model: AbstractLatticeModel, x: Array) -> Float[Array, ""]:
    """Energy divided by the number of sites, a scalar in units of ``J``, of one state of shape ``(*shape,)``.

    Sums go row by row, so that large lattices keep their digits.
    """
    x = model.coded(x)
    couplings, field = jnp.asarray(model.coupling, _real()), jnp.asarray(model.field, _real())
    energy = -_mean(model, field * model.alignment(x))
    for d in range(len(model.lattice.directions)):
        terms = model.interaction(x, model.lattice.ends(x, d))
        energy -= _bond_mean(model, couplings, terms, d)
    return energy


def magnetization(model: AbstractLatticeModel, x: Array) -> Float[Array, ""]:
    r"""Ising: :math:`m = \sum_i s_i / N` with its sign; clock and XY: :math:`|\sum_i e^{i\theta_i}| / N`.

    A scalar, in [-1, 1] or [0, 1], of one state of shape ``(*shape,)``.

    Raises:
        TypeError: for Potts models, whose order is told by :func:`magnetization2` and :func:`largest_fraction`.

    References:
        Newman and Barkema, Monte Carlo Methods in Statistical Physics (1999), chapter 3.
    """
    if isinstance(model, LatticePotts):
        raise TypeError("model = LatticePotts: has no direction; use magnetization2 or largest_fraction")
    components = _mean(model, order_vectors(model, x))
    return components[0] if isinstance(model, LatticeIsing) else jnp.hypot(components[0], components[1])


def magnetization2(model: AbstractLatticeModel, x: Array) -> Float[Array, ""]:
    r"""Square of the order parameter, in [0, 1]; Potts: :math:`\frac{q}{q-1} \sum_s (n_s - 1/q)^2`.

    A scalar of one state of shape ``(*shape,)``; ``n_s`` is the share of the sites with value ``s``.

    References:
        Wu, The Potts model, Rev. Mod. Phys. 54 (1982) 235, on the order parameter of each value.
    """
    return jnp.sum(_mean(model, order_vectors(model, x)) ** 2)


def largest_fraction(model: LatticePotts, x: Array) -> Float[Array, ""]:
    """Share of the sites that have the commonest value, a scalar in [1/q, 1], of one state of shape ``(*shape,)``."""
    x = model.coded(x)
    return jnp.max(_fractions(model, x))


def order_parameter(model: LatticePotts, x: Array) -> Float[Array, ""]:
    """Scaled :func:`largest_fraction` ``f``: ``(q f - 1) / (q - 1)``, a scalar in [0, 1].

    References:
        Challa, Landau and Binder, Phys. Rev. B 34 (1986) 1841.
    """
    q = model.num_states
    return (q * largest_fraction(model, x) - 1) / (q - 1)


def order_vectors(model: AbstractLatticeModel, x: Array) -> Float[Array, "components *shape"]:
    r"""Unit vector of each site whose mean is the order parameter, components first.

    Ising: the spin. Clock and XY: cosine and sine. Potts: :math:`\sqrt{q/(q-1)} (\delta_{xs} - 1/q)` for each
    value ``s``: the corners of a simplex.

    Args:
        model: any lattice model.
        x: one state, shape ``(*shape,)``.

    Returns:
        Floats, shape ``(components, *shape)``: one component for Ising, two for angles, ``q`` for Potts.

    Raises:
        TypeError: if ``model`` is none of these.

    References:
        Wu, The Potts model, Rev. Mod. Phys. 54 (1982) 235.
    """
    x = model.coded(x) if isinstance(model, AbstractLatticeModel) else x
    if isinstance(model, LatticeIsing):
        return x.astype(_real())[None]
    if isinstance(model, LatticePotts):
        return (_one_hot(model, x) - 1 / model.num_states) * math.sqrt(1 + 1 / (model.num_states - 1))
    if isinstance(model, LatticeClock | LatticeXY):
        return jnp.stack(_cosine_and_sine(model, x))
    raise TypeError(
        f"model = {type(model).__name__}: must be an Ising, Potts, clock or XY model on a lattice"
    )


def helicity_sums(model: LatticeClock | LatticeXY, x: Array) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Over the bonds along the last axis, :math:`\sum J \cos\Delta / N` and :math:`\sum J \sin\Delta / N`.

    With :math:`\Delta = \theta_i - \theta_j`, the helicity modulus is
    :math:`\Upsilon = \langle c \rangle - \beta N \langle s^2 \rangle` of the two.

    Args:
        model: with angles.
        x: one state, shape ``(*shape,)``.

    Returns:
        Two scalars, a site, in units of ``J``.

    References:
        Teitel and Jayaprakash, Phys. Rev. B 27 (1983) 598.
    """
    x = model.coded(x)
    couplings, ends = jnp.asarray(model.coupling, _real()), model.lattice.ends(x, 0)
    if isinstance(model, LatticeClock):
        difference = (x.astype(jnp.int32) - ends.astype(jnp.int32)) % model.num_angles
    else:
        difference = x - ends
    cosine, sine = _cosine_and_sine(model, difference)
    return _bond_mean(model, couplings, cosine, 0), _bond_mean(model, couplings, sine, 0)


def structure_kmin(model: AbstractLatticeModel, x: Array) -> Float[Array, ""]:
    r"""Structure factor at the smallest wave number, :math:`|\sum_r v_r e^{ikr}|^2 / N^2` with :math:`k = 2\pi/L`.

    ``v`` are :func:`order_vectors`; at ``k = 0`` the same would be :func:`magnetization2`. The mean over the
    periodic axes, each with ``k`` along it: a scalar in [0, 1], of one state of shape ``(*shape,)``.

    Raises:
        ValueError: if no dimension is periodic.

    References:
        Cooper, Freedman and Preston, Nucl. Phys. B 210 (1982) 210, on the second-moment correlation length.
    """
    axes = [axis for axis, is_periodic in enumerate(model.lattice.periodic) if is_periodic]
    if not axes:
        raise refusal("lattice.periodic", model.lattice.periodic, "needs a periodic dimension to have waves")
    vectors = order_vectors(model, x)
    return jnp.mean(jnp.stack([_wave(vectors, axis + 1) for axis in axes]))


def correlation_function(model: AbstractLatticeModel, x: Array, axis: int = -1) -> Float[Array, " distances"]:
    r"""Mean of :math:`v_r \cdot v_{r + d}` over the sites, for distances ``d = 0 .. L/2`` along an axis.

    By Fourier transform; nothing is subtracted. ``v`` are :func:`order_vectors`: products of Ising spins, cosines of
    differences of angles, and for Potts models ``(q [x = y] - 1) / (q - 1)``.

    Args:
        model: any lattice model.
        x: one state, shape ``(*shape,)``.
        axis: which dimension, the last one by default.

    Returns:
        Shape ``(L // 2 + 1,)``; the first entry is 1.

    Raises:
        ValueError: if there is no such axis, or it is open.
    """
    lattice = lattice_model("model", model).lattice
    axis = whole("axis", axis, -len(lattice.shape), len(lattice.shape) - 1) % len(lattice.shape)
    if not lattice.periodic[axis]:
        raise refusal("axis", axis, "is open: waves along it need a periodic dimension")
    length = lattice.shape[axis]
    rows = jnp.moveaxis(order_vectors(model, x), axis + 1, -1)
    power = jnp.abs(jnp.fft.rfft(rows, axis=-1)) ** 2
    spectrum = power.sum(0).reshape(-1, power.shape[-1]).mean(0)
    return jnp.fft.irfft(spectrum, length)[: length // 2 + 1] / length


def domain_wall_length(model: AbstractLatticeModel, x: Array) -> Int[Array, ""]:
    """Bonds between unequal values, an int32 scalar: each is crossed by one piece of wall.

    Args:
        model: with values that differ or not.
        x: one state, shape ``(*shape,)``.

    Raises:
        TypeError: for XY models, whose angles change gradually.
    """
    if isinstance(model, LatticeXY):
        raise TypeError("model = LatticeXY: continuous angles have no domain walls")
    x = lattice_model("model", model).coded(x)
    differ = [x != model.lattice.ends(x, d) for d in range(len(model.lattice.directions))]
    return jnp.sum(jnp.stack(differ) & model.lattice.has_bond, dtype=jnp.int32)


def _potts(model: LatticePotts, x: Array) -> dict[str, Array]:
    fractions = _fractions(model, x)
    q = model.num_states
    square = q / (q - 1) * jnp.sum((fractions - 1 / q) ** 2)
    return {"largest_fraction": jnp.max(fractions), "magnetization2": square}


def _of_angles(model: LatticeClock | LatticeXY, x: Array) -> dict[str, Array]:
    cosine, sine = helicity_sums(model, x)
    found = {"magnetization": magnetization(model, x), "helicity_cosine": cosine, "helicity_sine": sine}
    if has_plaquettes(model.lattice):
        charges = vortices(model, x)
        found["vortex_density"] = (charges > 0).astype(_real()).mean()
        found["antivortex_density"] = (charges < 0).astype(_real()).mean()
    return found


def _cosine_and_sine(model: LatticeClock | LatticeXY, x: Array) -> tuple[Array, Array]:
    if isinstance(model, LatticeXY):
        return jnp.cos(x), jnp.sin(x)
    index = x.astype(jnp.int32)
    return jnp.asarray(model.cosines, _real())[index], jnp.asarray(model.sines, _real())[index]


def _one_hot(model: LatticePotts, x: Array) -> Float[Array, "values *shape"]:
    values = np.arange(model.num_states, dtype=np.uint8).reshape(-1, *[1] * x.ndim)
    return (x[None] == values).astype(_real())


def _fractions(model: LatticePotts, x: Array) -> Float[Array, " values"]:
    return _mean(model, _one_hot(model, model.coded(x)))


def _bond_mean(model: AbstractLatticeModel, couplings: Array, terms: Array, d: int) -> Float[Array, ""]:
    """Sum over the bonds of one direction of coupling times term, a site."""
    if couplings.ndim > 1:
        terms = couplings[d] * terms
    total = _mean(model, jnp.where(model.lattice.has_bond[d], terms, 0.0))
    return total if couplings.ndim > 1 else couplings[d] * total


def _mean(model: AbstractLatticeModel, values: Float[Array, "..."]) -> Float[Array, "..."]:
    """Over the sites, row by row: one running sum over millions of sites would lose digits in float32."""
    rows = values.mean(-1)
    return rows.mean(range(1 - len(model.lattice.shape), 0))


def _real() -> Any:
    return jnp.result_type(float)


def _wave(vectors: Float[Array, "components *shape"], axis: int) -> Float[Array, ""]:
    profile = vectors.mean([a for a in range(1, vectors.ndim) if a != axis])
    phases = 2 * np.pi * np.arange(profile.shape[-1]) / profile.shape[-1]
    waves = jnp.asarray(np.stack([np.cos(phases), np.sin(phases)]), profile.dtype)
    return jnp.sum((profile[None] * waves[:, None]).mean(-1) ** 2)
