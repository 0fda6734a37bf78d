"""The computation behind the diagrams: sweeps and states in equilibrium, and the published local runs."""

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from isotherm.energy.lattice import square
from isotherm.energy.lattice_models import LatticeClock, LatticeIsing, LatticePotts
from isotherm.energy.observables import Measure, measure
from isotherm.energy.vortices import vortices
from isotherm.random import named
from isotherm.sample.cluster import swendsen_wang
from isotherm.sample.lattice.checkerboard import checkerboard
from isotherm.sample.run import position, sample
from isotherm.study.lattice_sweep import Plan, moments, sweep

if TYPE_CHECKING:
    from isotherm.study.phase_diagrams import ModelId, PhaseDiagramsConfig

ORDER = {"ising": "magnetization", "potts": "largest_fraction", "xy": "magnetization"}
"""The published order parameter of each model; absolute where it has a sign."""

BLOCK = 50
PICTURED, APART = 4, 25
"""Pictured states of each chain, and cluster steps between them."""


def betas_of(config: "PhaseDiagramsConfig", name: "ModelId") -> tuple[np.ndarray, np.ndarray]:
    """Inverse temperatures of the pictures, and of the diagram: these and more, ascending."""
    if name == "ising":
        betas = 1 / np.array(config.ising.temperatures)
        return betas, betas
    part = getattr(config, name)
    return np.array(part.betas), np.array(sorted({*part.betas, *part.more_betas}))


def diagram(config: "PhaseDiagramsConfig", name: "ModelId") -> dict[str, np.ndarray]:
    """Means of each chain, ``(starts, betas, chains)``; of energy and order also samples, one axis more."""
    plan = Plan(
        num_chains=config.num_chains,
        num_warmup=config.num_warmup,
        num_blocks=-(-config.num_samples // BLOCK),
        block_length=BLOCK,
    )
    keep = ("energy", ORDER[name])
    found = sweep(_key(config, name, "diagram"), _model(config, name), betas_of(config, name)[1], plan, keep)
    means = {f"mean/{what}": value.mean(-1) for what, value in found.means.items()}
    return means | {"energies": found.samples["energy"], "orders": np.abs(found.samples[ORDER[name]])}


def pictures(config: "PhaseDiagramsConfig", name: "ModelId") -> dict[str, np.ndarray]:
    """States in equilibrium, ``(betas, chains, PICTURED, rows, columns)``, half the chains from order.

    Ising: also ``means`` of the published number of samples of sweeps that begin there. XY: also charges of the
    last states of the first chain.
    """
    model, betas = _model(config, name), betas_of(config, name)[0]
    num_chains, key = 8, _key(config, name, "pictures")
    spread = jnp.repeat(jnp.asarray(betas, jnp.float32), num_chains)
    ordered = jnp.broadcast_to(model.ordered_state(), (len(spread), *model.lattice.shape))
    random = jax.vmap(model.random_state)(jax.random.split(named(key, "start"), len(spread)))
    is_ordered = (jnp.arange(len(spread)) % num_chains < num_chains // 2)[:, None, None]
    draws = sample(
        key,
        swendsen_wang(model, spread),
        jnp.where(is_ordered, ordered, random),
        num_warmup=config.num_warmup,
        num_samples=PICTURED,
        thin=APART,
    )
    found = {
        "states": np.asarray(draws.values).reshape(len(betas), num_chains, PICTURED, *model.lattice.shape)
    }
    last = jnp.asarray(found["states"][:, 0, -1])
    if name == "ising":
        found["means"] = _averaged(config, model, betas, last)
    if name == "xy":
        found["charges"] = np.asarray(jax.vmap(lambda x: vortices(model, x))(last))
        measured = jax.vmap(lambda x: measure(model, x))(last)
        found |= {f"last/{what}": np.asarray(value) for what, value in measured.items()}
    return found


def local(config: "PhaseDiagramsConfig", name: "ModelId") -> dict[str, np.ndarray]:
    """Single-site heat bath from random states: orders of each chain, ``(betas, chains)``, and its last states."""
    model, betas, run = _model(config, name), betas_of(config, name)[0], getattr(config, name).local
    num_chains = config.num_chains
    draws = sample(
        _key(config, name, "local"),
        checkerboard(model, jnp.repeat(jnp.asarray(betas, jnp.float32), num_chains)),
        jax.vmap(model.random_state)(
            jax.random.split(_key(config, name, "local starts"), len(betas) * num_chains)
        ),
        num_warmup=run.num_warmup,
        num_samples=run.num_samples,
        thin=run.thin,
        observe=Measure(model),
    )
    means = {what: value.mean(-1) for what, value in moments(draws.values).items()}
    order = means["largest_fraction" if name == "potts" else "abs_magnetization"]
    states = np.asarray(draws.states.position).reshape(len(betas), num_chains, *model.lattice.shape)
    return {"orders": order.reshape(len(betas), num_chains), "states": states}


def _averaged(
    config: "PhaseDiagramsConfig", model: LatticeIsing, betas: np.ndarray, starts: Array
) -> np.ndarray:
    """Mean spin of each site over a run of local sweeps, ``(betas, rows, columns)``."""
    run = config.ising.local
    draws = sample(
        _key(config, "ising", "means"),
        checkerboard(model, jnp.asarray(betas, jnp.float32)),
        starts,
        num_warmup=0,
        num_samples=run.num_samples,
        thin=run.thin,
        observe=position,
    )
    return np.asarray(draws.values).mean(1)


def _model(config: "PhaseDiagramsConfig", name: "ModelId") -> Any:
    part = getattr(config, name)
    lattice = square(part.size, periodic=part.periodic)
    if name == "ising":
        return LatticeIsing(lattice)
    if name == "potts":
        return LatticePotts(lattice, part.num_states)
    return LatticeClock(lattice, part.num_angles)


def _key(config: "PhaseDiagramsConfig", name: str, part: str) -> Key[Array, ""]:
    return named(jax.random.key(config.seed), f"{name}/{part}")
