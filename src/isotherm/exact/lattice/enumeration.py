"""Small lattices by adding up all their states: every observable, in float64 on the host."""

import numpy as np

from isotherm.energy.lattice.models import LatticeClock, LatticePotts
from isotherm.energy.lattice.vortices import plaquettes
from isotherm.exact.lattice.sums import Discrete, grown, has_field, local_sums, num_values

MAX_STATES = 1 << 25
"""Most states that are visited, some ten seconds."""


def num_visited(model: Discrete) -> int:
    """States to visit: all, or without a field those that begin with value 0, since the rest count alike."""
    return num_values(model) ** (model.lattice.num_sites - (not has_field(model)))


def enumerate_lattice(model: Discrete, beta: float) -> dict[str, float]:
    """Log Z and the mean of every observable, by name."""
    n, q = model.lattice.num_sites, num_values(model)
    sums, first = local_sums(model), np.arange(q if has_field(model) else 1)
    running, reference = _RunningSum(), None
    for block in grown(sums, first, n, q):
        totals = dict(zip(sums, block, strict=True))
        reference = float(totals["energy"].min()) if reference is None else reference
        totals["energy"] -= reference
        running.add(-beta * totals["energy"], _observed(model, totals))
    assert reference is not None
    log_z = running.log_total - beta * reference + float(np.log(q / len(first)))
    return {"log_z": log_z, "log_z_per_site": log_z / n} | _finished(model, beta, running.means(), reference)


class _RunningSum:
    """Weighted sums, relative to the largest weight so far."""

    def __init__(self) -> None:
        self._top, self._total = -np.inf, 0.0
        self._sums: dict[str, float] = {}

    def add(self, log_weights: np.ndarray, values: dict[str, np.ndarray]) -> None:
        top = max(self._top, float(log_weights.max()))
        shrunk = np.exp(self._top - top)
        weights = np.exp(log_weights - top)
        self._top, self._total = top, shrunk * self._total + float(weights.sum())
        for name, x in values.items():
            self._sums[name] = shrunk * self._sums.get(name, 0.0) + float(weights @ x)

    @property
    def log_total(self) -> float:
        return self._top + float(np.log(self._total))

    def means(self) -> dict[str, float]:
        return {name: float(total / self._total) for name, total in self._sums.items()}


def _observed(model: Discrete, totals: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What is averaged of each state of a block."""
    n, q = model.lattice.num_sites, num_values(model)
    order = [x / n for name, x in totals.items() if name.startswith("order_")]
    found = {
        "energy": totals["energy"],
        "energy2": totals["energy"] ** 2,
        "correlation_1": totals["correlation_1"],
    }
    square = np.sum(np.square(order), axis=0)
    if isinstance(model, LatticePotts):
        found["largest_fraction"] = np.max(order, axis=0)
        square = (q * square - 1) / (q - 1)
    else:
        found["magnetization"], found["abs_magnetization"] = order[0], np.sqrt(square)
    found |= {"magnetization2": square, "magnetization4": square**2}
    if isinstance(model, LatticeClock):
        found |= {
            "helicity_cosine": totals["helicity_cosine"],
            "helicity_sine2": totals["helicity_sine"] ** 2,
        }
        found |= {name: totals[name] for name in ("vortices", "antivortices") if name in totals}
    return found


def _finished(model: Discrete, beta: float, means: dict[str, float], reference: float) -> dict[str, float]:
    """Outputs from means of sums."""
    n = model.lattice.num_sites
    energy, energy2 = means.pop("energy"), means.pop("energy2")
    found = {
        "energy_per_site": (energy + reference) / n,
        "heat_capacity_per_site": beta**2 * max(energy2 - energy**2, 0.0) / n,
    }
    if not has_field(model):
        means.pop("magnetization", None)  # zero, and not what the states visited say
    if n == 1:
        means.pop("correlation_1")
    if isinstance(model, LatticePotts):
        q = model.num_states
        found["order_parameter"] = (q * means["largest_fraction"] - 1) / (q - 1)
    if isinstance(model, LatticeClock):
        sine2 = means.pop("helicity_sine2")
        found["helicity_modulus"] = (means.pop("helicity_cosine") - beta * sine2) / n
    for name, density in (("vortices", "vortex_density"), ("antivortices", "antivortex_density")):
        if name in means:
            found[density] = means.pop(name) / int(np.prod(plaquettes(model.lattice)))
    return found | means
