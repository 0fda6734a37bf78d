r"""Thermodynamics from means of raw observables, with errors by the jackknife over blocks.

Raw observables are those of :func:`isotherm.energy.lattice.observables.measure`, a site each. Means of them and of
their powers (:func:`moments`) over blocks of samples are all that is kept, ``(*batch, chains, blocks)``, so that
memory does not grow with the run; ``batch`` may be temperatures, with as many ``beta``. Blocks should be ten
integrated autocorrelation times long (:func:`isotherm.estimate.autocorrelation.block_length`): they count as
independent.

Each estimate is a function of means; the jackknife evaluates it with each block left out in turn, takes its
error from the spread, and the bias of order one over the number of blocks from the value.

References:
    Efron, The Jackknife, the Bootstrap and Other Resampling Plans (1982); Newman and Barkema, Monte Carlo Methods in
    Statistical Physics (1999), section 3.4.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float64

from isotherm import doors
from isotherm.errors import refusal
from isotherm.estimate.autocorrelation import WithError, block_length, block_means, checked

MOST_OFFSET = 1e4
"""Energies a site beyond this are looked at: their squares may leave nothing of their fluctuations."""

Means = Mapping[str, np.ndarray]
"""Block means by name, each of shape ``(*batch, chains, blocks)``."""


def moments(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Raw observables in float64, and the powers that estimates are made of.

    ``energy2`` and ``helicity_sine2``; where there is a magnetization, or its square, ``magnetization2``,
    ``abs_magnetization`` and ``magnetization4``.

    Args:
        values: raw observables of single states, arrays of equal shape ``(...)``, which results have too.

    Raises:
        ValueError: if their shapes differ.
    """
    _check_shapes("values", values)
    raw = {name: doors.real_numbers(f"values[{name!r}]", value) for name, value in values.items()}
    found = raw | {f"{name}2": raw[name] ** 2 for name in ("energy", "helicity_sine") if name in raw}
    if "magnetization" in raw:
        found["magnetization2"] = raw["magnetization"] ** 2
    if "magnetization2" in found:
        found["abs_magnetization"] = np.sqrt(found["magnetization2"])
        found["magnetization4"] = found["magnetization2"] ** 2
    return found


def blocked(values: Mapping[str, Any], length: int | None = None) -> dict[str, np.ndarray]:
    """Block means of raw observables and their :func:`moments`.

    Args:
        values: raw observables, each ``(*batch, chains, samples)``.
        length: samples a block; by default ten integrated times of the slowest observable.

    Raises:
        ValueError: if chains are too short for two blocks.

    >>> series = {"magnetization": np.array([[1.0, -1.0, 0.5, 0.5], [1.0, 1.0, -0.5, 0.5]])}
    >>> {name: value.shape for name, value in blocked(series, length=2).items() if name.startswith("magnetization")}
    {'magnetization': (2, 2), 'magnetization2': (2, 2), 'magnetization4': (2, 2)}
    """
    powers = moments(values)
    for name, value in powers.items():
        checked(value, f"values[{name!r}]")
    if length is None:
        length = max(block_length(value) for value in powers.values())
    return {name: block_means(value, length) for name, value in powers.items()}


def jackknife(function: Callable[[Means], np.ndarray], means: Means) -> WithError:
    """A function of means, freed from its leading bias, and its error.

    Args:
        function: of means by name, each of shape ``(*batch, any)``, elementwise: it is called with the means of all
            blocks, and with the means that leave one block out, along the last axis.
        means: block means by name, ``(*batch, chains, blocks)``.

    Returns:
        Of shape ``batch``.

    Raises:
        ValueError: if there are fewer than two blocks in all, or means that are not finite.
    """
    doors.function("function", function, "a function of means by name", num_arguments=1)
    found = np.asarray(function(replicates(means)))
    if not found.ndim:
        raise refusal("function(means).shape", (), "must be as that of each mean, (*batch, any)")
    return from_replicates(found)


def replicates(means: Means) -> dict[str, Float64[np.ndarray, "*batch replicates"]]:
    """Means of all blocks, then those that leave one block out after another, by name.

    Args:
        means: block means by name, ``(*batch, chains, blocks)``.

    Returns:
        ``(*batch, 1 + chains * blocks)`` each.

    Raises:
        ValueError: if means differ in shape, are not finite, or of fewer than two blocks.
    """
    _check_shapes("means", means)

    def of(value: np.ndarray) -> np.ndarray:
        blocks = _pooled(value)
        whole = blocks.mean(-1, keepdims=True)
        return np.concatenate([whole, whole + (whole - blocks) / (blocks.shape[-1] - 1)], axis=-1)

    return {name: of(value) for name, value in means.items()}


def from_replicates(values: Float64[np.ndarray, "*batch replicates"], unbiased: bool = True) -> WithError:
    """The jackknife's estimate from a value of all data, and values with one block left out.

    Args:
        values: ``(*batch, replicates)``, that of all data first, then two at least.
        unbiased: whether to take the leading bias off, which adds noise of its own; else the value of all data.

    Returns:
        Of shape ``batch``.

    References:
        Efron, The Jackknife, the Bootstrap and Other Resampling Plans (1982), chapters 2 and 3.
    """
    whole, without = values[..., 0], values[..., 1:]
    num_blocks = without.shape[-1]
    centre = without.mean(-1)
    # the spread is about its own centre: bias is no noise
    error = np.sqrt((num_blocks - 1) * without.var(-1))
    value = num_blocks * whole - (num_blocks - 1) * centre if unbiased else whole
    return WithError(np.asarray(value), np.asarray(error))


def mean(means: np.ndarray) -> WithError:
    """Mean of block means ``(*batch, chains, blocks)``, and its error from their spread.

    Raises:
        ValueError: if there are fewer than two blocks, or means that are not finite.
    """
    blocks = _pooled(means)
    return WithError(blocks.mean(-1), blocks.std(-1, ddof=1) / np.sqrt(blocks.shape[-1]))


def heat_capacity(means: Means, beta: Any, num_sites: int) -> WithError:
    r"""Heat capacity a site, :math:`C = \beta^2 N (\langle e^2 \rangle - \langle e \rangle^2)`, ``e`` a site.

    Args:
        means: with ``energy`` and ``energy2``, ``(*batch, chains, blocks)``.
        beta: inverse temperature, a number or of shape ``batch``.
        num_sites: ``N``.

    Raises:
        ValueError: as all estimates here: naming a mean that is missing, or as :func:`jackknife`.
    """
    _need(means, "energy", "energy2")
    column = _column(beta, means, num_sites)
    return jackknife(lambda m: _heat_capacity(m, column, num_sites), means)


def susceptibility(means: Means, beta: Any, num_sites: int, *, connected: bool = True) -> WithError:
    r"""Susceptibility a site, :math:`\beta N (\langle m^2 \rangle - \langle |m| \rangle^2)`.

    Args:
        means: with ``magnetization2``, and ``abs_magnetization`` if ``connected``.
        beta: inverse temperature, a number or of shape ``batch``.
        num_sites: ``N``.
        connected: whether to subtract the square of the mean; plain :math:`\beta N \langle m^2 \rangle` else, right
            in the disordered phase.
    """
    _need(means, "magnetization2", *(["abs_magnetization"] if connected else []))
    formula = _susceptibility if connected else _plain_susceptibility
    column = _column(beta, means, num_sites)
    return jackknife(lambda m: formula(m, column, num_sites), means)


def binder(means: Means) -> WithError:
    r"""Binder's cumulant, :math:`U = 1 - \langle m^4 \rangle / 3 \langle m^2 \rangle^2`: 2/3 in order.

    In disorder 0 for Ising models, 1/3 for two components.

    Args:
        means: with ``magnetization2`` and ``magnetization4``.
    """
    _need(means, "magnetization2", "magnetization4")
    return jackknife(_binder, means)


def correlation_length(means: Means, extent: int) -> WithError:
    r"""Second-moment correlation length, :math:`\sqrt{\chi(0) / \chi(k) - 1} / (2 \sin(k/2))`, :math:`k = 2\pi/L`.

    Args:
        means: with ``magnetization2`` and ``structure_kmin``.
        extent: ``L``, of the periodic axes.

    Returns:
        In lattice constants; 0 where fluctuations at ``k`` are the larger ones.

    Raises:
        TypeError: if ``extent`` is no whole number.
        ValueError: if it is below 2, or naming a mean that is missing.
    """
    _need(means, "magnetization2", "structure_kmin")
    extent = doors.whole("extent", extent, 2)
    return jackknife(lambda m: second_moment_length(m, extent), means)


def helicity_modulus(means: Means, beta: Any, num_sites: int) -> WithError:
    r"""Helicity modulus along the last axis, :math:`\langle c \rangle - \beta N \langle s^2 \rangle`.

    Args:
        means: with ``helicity_cosine`` and ``helicity_sine2``.
        beta: inverse temperature, a number or of shape ``batch``.
        num_sites: ``N``.
    """
    _need(means, "helicity_cosine", "helicity_sine2")
    column = _column(beta, means, num_sites)
    return jackknife(lambda m: _helicity_modulus(m, column, num_sites), means)


def estimates(
    means: Means, beta: Any, num_sites: int, extent: int | None = None, *, unbiased: bool = True
) -> dict[str, WithError]:
    """Everything that the names at hand allow: means by their own names, and all estimates of this module.

    ``susceptibility`` is the connected one, ``susceptibility_plain`` the other.

    Args:
        means: block means by name, ``(*batch, chains, blocks)``.
        beta: inverse temperature, a number or of shape ``batch``.
        num_sites: ``N``.
        extent: ``L``, for the correlation length, which is left out without it.
        unbiased: whether to take the leading bias off, as :func:`jackknife` does.

    Raises:
        TypeError: if ``extent`` or ``num_sites`` is no whole number, or ``unbiased`` no flag.
        ValueError: if ``extent`` is below 2, ``beta`` not finite or of another shape, or as :func:`jackknife`.

    >>> rng = np.random.default_rng(0)
    >>> means = blocked({"energy": rng.normal(-1.0, 0.1, (4, 100))}, length=10)
    >>> found = estimates(means, beta=0.5, num_sites=64)
    >>> sorted(found), found["energy"].value.shape
    (['energy', 'energy2', 'heat_capacity'], ())
    """
    unbiased = doors.flag("unbiased", unbiased)
    rows, column = replicates(means), _column(beta, means, num_sites)
    told = quantities(rows, column, num_sites, None if extent is None else doors.whole("extent", extent, 2))
    return {name: from_replicates(value, unbiased) for name, value in told.items()}


def quantities(
    means: Mapping[str, Any], beta: Any, num_sites: int, extent: int | None = None
) -> dict[str, np.ndarray]:
    """What :func:`estimates` tells, as plain functions of means, for rows of any kind.

    Args:
        means: means by name, arrays of equal shape ``(...)``, which results have too.
        beta: inverse temperature, to be broadcast with them.
        num_sites: ``N``.
        extent: ``L``.
    """
    found, names = dict(means), set(means)
    if {"energy", "energy2"} <= names:
        found["heat_capacity"] = _heat_capacity(means, beta, num_sites)
    if {"magnetization2", "abs_magnetization", "magnetization4"} <= names:
        found["susceptibility"] = _susceptibility(means, beta, num_sites)
        found["susceptibility_plain"] = _plain_susceptibility(means, beta, num_sites)
        found["binder"] = _binder(means)
    if extent is not None and {"magnetization2", "structure_kmin"} <= names:
        found["correlation_length"] = second_moment_length(means, extent)
    if {"helicity_cosine", "helicity_sine2"} <= names:
        found["helicity_modulus"] = _helicity_modulus(means, beta, num_sites)
    return found


def _heat_capacity(m: Means, beta: Any, num_sites: int) -> np.ndarray:
    spread = m["energy2"] - m["energy"] ** 2
    is_lost = (np.abs(m["energy"]) > MOST_OFFSET) & (m["energy"] ** 2 * 2.0**-45 > np.abs(spread))
    if is_lost.any():
        allowed = "lies too far from zero for its fluctuations to be told; take a constant off"
        raise refusal("energy", float(m["energy"][is_lost].flat[0]), allowed)
    return beta**2 * num_sites * spread


def _susceptibility(m: Means, beta: Any, num_sites: int) -> np.ndarray:
    return beta * num_sites * (m["magnetization2"] - m["abs_magnetization"] ** 2)


def _plain_susceptibility(m: Means, beta: Any, num_sites: int) -> np.ndarray:
    return beta * num_sites * m["magnetization2"]


def _binder(m: Means) -> np.ndarray:
    return 1 - m["magnetization4"] / (3 * m["magnetization2"] ** 2)


def second_moment_length(m: Means, extent: int, unit: float | int = 1) -> np.ndarray:
    """The formula of :func:`correlation_length`, of plain means.

    Args:
        m: with ``magnetization2`` and ``structure_kmin``, arrays of equal shape.
        extent: ``L``.
        unit: of length, in lattice constants; ``L`` for the ratio that does not depend on it at a critical point.
    """
    ratio = np.maximum(m["magnetization2"] / m["structure_kmin"] - 1, 0)
    return np.sqrt(ratio) / (2 * np.sin(np.pi / extent) * unit)


def _helicity_modulus(m: Means, beta: Any, num_sites: int) -> np.ndarray:
    return m["helicity_cosine"] - beta * num_sites * m["helicity_sine2"]


def _pooled(means: np.ndarray) -> Float64[np.ndarray, "*batch blocks"]:
    values = checked(means, "means")
    return values.reshape(*values.shape[:-2], -1)


def _check_shapes(field: str, values: Mapping[str, Any]) -> None:
    doors.mapping(field, values, "a mapping from names to arrays")
    shapes = {name: doors.regular(f"{field}[{name!r}]", value).shape for name, value in values.items()}
    if not shapes:
        raise refusal(field, {}, "at least one observable is needed")
    if len(set(shapes.values())) > 1:
        raise refusal(f"{field}.shape", shapes, "must be the same for all")


def _column(beta: Any, means: Means, num_sites: int) -> np.ndarray:
    """Inverse temperatures beside the replicates of each batch."""
    values, batch = doors.real_numbers("beta", beta), np.shape(next(iter(means.values()), ()))[:-2]
    if values.shape not in ((), batch):
        raise refusal(
            "beta.shape", values.shape, f"must be (), or {batch} as the means without chains and blocks"
        )
    if not np.isfinite(values).all():
        raise refusal("beta", beta, "must be finite")
    doors.whole("num_sites", num_sites, 1)
    return values[..., None]


def _need(means: Means, *names: str) -> None:
    missing = [name for name in names if name not in means]
    if missing:
        raise refusal("means", sorted(means), f"must have {', '.join(missing)}; see `moments`")
