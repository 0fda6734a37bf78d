"""The computation behind the diagrams: sweeps and states in equilibrium, and the published local runs."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from isotherm.energy.lattice.models import AbstractLatticeModel, LatticeClock, LatticeIsing, LatticePotts
from isotherm.energy.lattice.observables import measure
from isotherm.energy.lattice.shapes import square
from isotherm.energy.lattice.vortices import vortices
from isotherm.random import named
from isotherm.random.keys import seeded
from isotherm.sample.lattice.checkerboard import checkerboard
from isotherm.sample.run import sample_means
from isotherm.studies.lattice.sweep import SweepPlan, sweep
from isotherm.studies.phases.config import ModelId, PhaseDiagramsConfig

ORDER = {"ising": "magnetization", "potts": "largest_fraction", "xy": "magnetization"}
"""The published order parameter of each model; absolute where it has a sign."""

BLOCK = 25
"""Cluster steps from one pictured state to the next."""

PICTURED = 4
"""Pictured states of a chain."""

SHOWN = 4
"""Chains of each start whose states are kept; the published run has twice as many."""


class OrderAndState(eqx.Module):
    """The order of a state without its sign, and the state itself, to be averaged.

    Attributes:
        model: any lattice model.
        order: the observable.
    """

    model: AbstractLatticeModel
    order: str = eqx.field(static=True)

    def __call__(self, state: Any) -> dict[str, Array]:
        """Of a kernel's state."""
        order = jnp.abs(measure(self.model, state.position)[self.order])
        return {"order": order, "state": state.position.astype(jnp.float32)}


def betas_of(config: PhaseDiagramsConfig, name: ModelId) -> tuple[np.ndarray, np.ndarray]:
    """Inverse temperatures of the pictures, and of the diagram: these and more, ascending."""
    if name == "ising":
        betas = 1 / np.array(config.ising.temperatures)
        return betas, betas
    part = getattr(config, name)
    return np.array(part.betas), np.array(sorted({*part.betas, *part.more_betas}))


def run(config: PhaseDiagramsConfig, name: ModelId) -> dict[str, np.ndarray]:
    """Equilibrium, its pictures, and the published run.

    Returns:
        ``mean/...``: of each chain, ``(starts, betas, chains)``; ``energies`` and ``orders``: samples, with one axis
        more; ``states``: in equilibrium at the pictured temperatures,
        ``(betas, starts, chains, PICTURED, rows, columns)``;
        ``local/orders`` and ``local/states``: what each chain of the published run says, ``(betas, chains)``, and
        where it ends. Ising: ``averages``, mean spins over such a run that begins in equilibrium. XY: ``charges`` of
        one state at each pictured temperature, and ``stiff/...``: the helicity sums with edges joined, since an
        open lattice can be twisted for nothing.
    """
    model, (pictured, betas) = _model(config, name), betas_of(config, name)
    plan = SweepPlan(
        num_chains=config.num_chains,
        num_warmup=config.num_warmup,
        num_blocks=-(-config.num_samples // BLOCK),
        block_length=BLOCK,
    )
    found = sweep(_key(config, name, "diagram"), model, betas, plan, ("energy", ORDER[name]), PICTURED)
    where = [int(np.argmin(np.abs(betas - beta))) for beta in pictured]
    states = np.moveaxis(found.states[:, where, :SHOWN], 1, 0)
    result = {f"mean/{what}": value.mean(-1) for what, value in found.means.items()}
    result |= {
        "energies": found.samples["energy"],
        "orders": np.abs(found.samples[ORDER[name]]),
        "states": states,
    }
    random = jax.vmap(model.random_state)(
        jax.random.split(_key(config, name, "starts"), len(pictured) * 2 * SHOWN)
    )
    for part, value in _local(config, name, model, random).items():
        result[f"local/{part}"] = value
    if name == "ising":
        equilibrium = jnp.asarray(states[:, :, :, -1]).reshape(random.shape)
        result["averages"] = _local(config, name, model, equilibrium)["averages"][:, 0]
    if name == "xy":
        joined = _model(config, name, periodic=True)
        stiff = (
            sweep(_key(config, name, "stiffness"), joined, betas, plan) if not config.xy.periodic else found
        )
        result |= {
            f"stiff/{what}": value.mean(-1)
            for what, value in stiff.means.items()
            if what.startswith("helicity")
        }
        result["charges"] = np.asarray(
            jax.vmap(lambda x: vortices(model, x))(jnp.asarray(states[:, 0, 0, -1]))
        )
    return result


def _local(
    config: PhaseDiagramsConfig, name: ModelId, model: AbstractLatticeModel, starts: Array
) -> dict[str, np.ndarray]:
    """Single-site heat bath at the pictured temperatures, the same number of chains at each."""
    betas, plan = betas_of(config, name)[0], getattr(config, name).local
    each = len(starts) // len(betas)
    means = sample_means(
        _key(config, name, "local"),
        checkerboard(model, jnp.repeat(jnp.asarray(betas, jnp.float32), each)),
        starts,
        num_warmup=plan.num_warmup,
        num_samples=plan.num_samples,
        thin=plan.thin,
        observe=OrderAndState(model, ORDER[name]),
    )
    found = {
        "orders": means.means["order"],
        "averages": means.means["state"],
        "states": means.states.position,
    }
    return {
        what: np.asarray(value).reshape(len(betas), each, *value.shape[1:]) for what, value in found.items()
    }


def _model(config: PhaseDiagramsConfig, name: ModelId, periodic: bool = False) -> Any:
    """As configured, or with edges joined in any case."""
    part = getattr(config, name)
    lattice = square(part.size, periodic=part.periodic or periodic)
    if name == "ising":
        return LatticeIsing(lattice)
    if name == "potts":
        return LatticePotts(lattice, part.num_states)
    return LatticeClock(lattice, part.num_angles)


def _key(config: PhaseDiagramsConfig, name: str, part: str) -> Key[Array, ""]:
    return named(seeded(config.seed), f"{name}/{part}")
