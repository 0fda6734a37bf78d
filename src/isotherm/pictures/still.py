"""Pictures: a state of a lattice model in equilibrium, a figure of the study, or the Mandelbrot set."""

import io
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from matplotlib.figure import Figure

from isotherm import doors
from isotherm.energy.lattice.models import AbstractLatticeModel
from isotherm.energy.lattice.observables import energy_per_site
from isotherm.energy.lattice.vortices import vortices
from isotherm.errors import refusal
from isotherm.estimate.diagnostics import mcse
from isotherm.files.content import write_atomic
from isotherm.pictures.fractal.drawing import draw_iterations, draw_potential
from isotherm.pictures.fractal.escape import distance, escape
from isotherm.pictures.lattice.config import VideoConfig
from isotherm.pictures.lattice.physics import build_model, cells_of, place_of, symbol, title, transition
from isotherm.pictures.still_config import MandelbrotConfig, PictureConfig
from isotherm.plot.movie.writer import check_target
from isotherm.plot.raster.lattice import angle_colours
from isotherm.plot.raster.still import Still, draw_still
from isotherm.random.keys import named, seeded
from isotherm.sample.clusters.graph import swendsen_wang
from isotherm.sample.lattice.checkerboard import checkerboard
from isotherm.sample.run import sample

UNSETTLED = "not in equilibrium: starts disagree"
"""Written on a picture whose two chains end in different energies."""

_APART = 4.0
"""Standard errors by which the two starts may differ."""


@dataclass(frozen=True)
class PictureReport:
    """What was made.

    Attributes:
        path: the file.
        settings: what it was made from.
        num_bytes: its size.
        seconds: it took.
        numbers: what is known of its contents.
        notes: the same in sentences.
        is_settled: whether chains from order and from disorder agreed; True where nothing was sampled here.
    """

    path: Path
    settings: Mapping[str, Any]
    num_bytes: int
    seconds: float
    numbers: Mapping[str, Any]
    notes: tuple[str, ...]
    is_settled: bool = True

    def to_json(self) -> dict[str, Any]:
        """One object of plain values."""
        return {
            "path": str(self.path),
            "bytes": self.num_bytes,
            "seconds": round(self.seconds, 3),
            "settings": dict(self.settings),
            "is_settled": self.is_settled,
            **self.numbers,
            "notes": list(self.notes),
        }


def check_picture(path: Path) -> None:
    """Refuse a file that is no ``.png`` or cannot be written.

    Raises:
        ValueError: naming the path.
    """
    if path.suffix.lower() != ".png":
        raise refusal("out", str(path), "pictures end in .png")
    check_target(path)


def make_picture(config: PictureConfig | MandelbrotConfig, path: Path) -> PictureReport:
    """Sample or iterate, and draw.

    Args:
        config: of the picture.
        path: the file, ``.png``; replaced once the picture is whole.

    Raises:
        TypeError: if ``config`` or ``path`` is none.
        ValueError: naming what is refused, before anything is computed.
    """
    begun = time.perf_counter()
    doors.instance(
        "config", config, (PictureConfig, MandelbrotConfig), "a PictureConfig or a MandelbrotConfig"
    )
    path = Path(doors.file_path("path", path))
    check_picture(path)
    if isinstance(config, MandelbrotConfig):
        figure, numbers, notes, is_settled = (*_mandelbrot(config), True)
    else:
        figure, numbers, notes, is_settled = _lattice(config)
    content = _png(figure, 160.0 if isinstance(config, MandelbrotConfig) else "figure")
    write_atomic(path, content)
    seconds = time.perf_counter() - begun
    return PictureReport(path, config.settings(), len(content), seconds, numbers, tuple(notes), is_settled)


class _Energy(eqx.Module):
    """Energy per site of a kernel's state."""

    model: AbstractLatticeModel

    def __call__(self, state: Any) -> Float[Array, ""]:
        return energy_per_site(self.model, state.position)


def _lattice(config: PictureConfig) -> tuple[Figure, dict[str, Any], list[str], bool]:
    physics = config.physics
    model = build_model(physics)
    if config.palette is not None:
        angle_colours(config.palette)
    state, energies = _equilibrium(config, model)
    means, errors = energies.mean(1), [float(mcse(chain[None])) for chain in energies]
    # NaN is the error of a chain that never moved: then both starts must end in the very same energy.
    error = math.hypot(*(0.0 if math.isnan(one) else one for one in errors))
    is_settled = abs(float(means[0] - means[1])) <= _APART * error + 1e-6
    numbers: dict[str, Any] = {
        "energy_per_site": float(means.mean()),
        "energy_error": error / 2,
        "energy_from_order": float(means[0]),
        "energy_from_disorder": float(means[1]),
    }
    charges = np.asarray(vortices(model, state)) if "vortices" in config.overlay else None
    line = _line(config, physics)
    if charges is not None:
        counts = int((charges > 0).sum()), int((charges < 0).sum())
        numbers |= {"vortices": counts[0], "antivortices": counts[1]}
        line += f"   ○ {counts[0]:,} vortices   × {counts[1]:,} antivortices"
    return (
        draw_still(_still(config, np.asarray(state), charges, line, is_settled)),
        numbers,
        _notes(config, physics, numbers, is_settled, _has_clusters(config, model)),
        is_settled,
    )


def _equilibrium(config: PictureConfig, model: AbstractLatticeModel) -> tuple[Array, np.ndarray]:
    """The state that the chain from disorder ends in, and energies of both chains over their second halves."""
    key = seeded(config.seed)
    starts = jnp.stack([model.ordered_state(), model.random_state(named(key, "start"))])
    kept = config.sweeps // 2
    draws = sample(
        named(key, "picture"),
        _kernel(config, model),
        starts,
        num_warmup=config.sweeps - kept,
        num_samples=kept,
        observe=_Energy(model),
    )
    return draws.states.position[1], np.asarray(draws.values, np.float64)


def _kernel(config: PictureConfig, model: AbstractLatticeModel) -> Any:
    """Clusters, but where neighbours are frustrated: there these freeze, and chains only look settled."""
    beta = config.inverse_temperature
    return swendsen_wang(model, beta) if _has_clusters(config, model) else checkerboard(model, beta)


def _has_clusters(config: PictureConfig, model: AbstractLatticeModel) -> bool:
    return config.coupling > 0 or (config.model == "ising" and model.lattice.is_bipartite)


def _still(
    config: PictureConfig, state: np.ndarray, charges: np.ndarray | None, line: str, is_settled: bool
) -> Still:
    physics = config.physics
    is_clock = physics.is_angular and physics.num_values is not None
    shown = state[state.shape[0] // 2] if config.lattice == "cubic" else state
    return Still(
        values=shown * (2 * np.pi / (physics.num_values or 1)) if is_clock else shown,
        num_states=physics.num_values if config.model == "potts" else None,
        is_angular=physics.is_angular,
        charges=charges,
        has_arrows="arrows" in config.overlay,
        title=title(physics),
        line=line,
        cell=config.cell,
        ground=config.ground,
        palette=config.palette,
        warning="" if is_settled else UNSETTLED,
        cells=_cells(config) if physics.has_cells else None,
    )


def _cells(config: PictureConfig) -> np.ndarray:
    """Which site each pixel belongs to."""
    return cells_of(config.physics, config.pixels)


def _line(config: PictureConfig, physics: VideoConfig) -> str:
    temperature, critical, name = 1 / config.inverse_temperature, transition(physics), f"${symbol(physics)}$"
    if critical is None:
        return f"{place_of(physics)}   T = {temperature:.4g}"
    place = f"T = {temperature:.4g}   {name} = {critical:.4f}"
    if abs(temperature / critical - 1) < 1e-6:
        place = f"T = {name} = {critical:.4f}"
    return f"{place_of(physics)}   {place}"


def _notes(
    config: PictureConfig,
    physics: VideoConfig,
    numbers: Mapping[str, Any],
    is_settled: bool,
    has_clusters: bool,
) -> list[str]:
    name = symbol(physics).replace("{", "").replace("}", "")
    agree = "agree" if is_settled else "DISAGREE: this is not yet equilibrium; take more --sweeps"
    kernel = "Swendsen-Wang steps" if has_clusters else "heat-bath sweeps"
    temperature, critical = 1 / config.inverse_temperature, transition(physics)
    known = f", {name} = {critical:.4f} on the infinite lattice" if critical is not None else ""
    return [
        f"T = {temperature:.4g}{known or '; where this model orders on this lattice is not known here'}.",
        f"Energy a site {numbers['energy_per_site']:.4f} ± {numbers['energy_error']:.4f} over the second half of "
        f"{config.sweeps:,} {kernel}.",
        f"From order {numbers['energy_from_order']:.4f}, from disorder {numbers['energy_from_disorder']:.4f}: "
        f"they {agree}.",
    ]


def _mandelbrot(config: MandelbrotConfig) -> tuple[Figure, dict[str, Any], list[str]]:
    rows, columns = config.shape
    window, depth = config.window, config.depths[-1]
    found = escape(window.points(columns, rows), depth)
    share = float(found.has_escaped.mean())
    notes = [
        "Deterministic iteration, not sampling.",
        f"{100 * share:.1f} % of {columns} × {rows} points escape within {depth:,} iterations.",
    ]
    if config.picture == "iterations":
        return draw_iterations(found.counts, config.depths, window.extent), {"escaped": share}, notes
    potential = found.potential
    near = distance(potential, window.width / columns, window.height / rows)
    return draw_potential(potential, near, window.extent), {"escaped": share}, notes


def _png(figure: Figure, dpi: float | str) -> bytes:
    from matplotlib import pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})  # pyright: ignore[reportArgumentType]
    plt.close(figure)
    return buffer.getvalue()
