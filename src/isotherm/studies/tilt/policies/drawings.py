"""Figures of the variants of the tilt study: draws on exact contours, scores of moments, normalisers."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patheffects import withStroke

from isotherm.plot.axes import handle, is_first_column, legend, panel_grid, titled
from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, INK, PAPER, SOFT, STRONG, Look
from isotherm.plot.style import styled

NAMES: Mapping[str, str] = {
    "importance": "importance weights",
    "independence": "independence Metropolis",
    "ula": "Langevin, unadjusted (ULA)",
    "mala": "Langevin, adjusted (MALA)",
    "whitened_mala": "whitened joint MALA",
    "gibbs": "Gibbs of the joint",
    "smc": "sequential Monte Carlo",
    "ais": "annealed importance",
    "noise_walk": "walk over noise levels",
}
ENCLOSED = (0.99, 0.9, 0.5)
REACH = 8.0
"""Standard errors that the axis of scores shows to either side."""

_KINDS: Mapping[str, Look] = {
    "mean": Look(STRONG, "-", "o"),
    "var": Look(ACCENT, "-", "s"),
    "cov": Look("#bda054", "-", "D"),
    "weight": Look("#1e8b53", "-", "^"),
}
_KIND_LABELS = {"mean": "means", "var": "variances", "cov": "covariances", "weight": "weights of parts"}


@styled
def draws_on_contours(
    name: str,
    caption: str,
    draws: Mapping[str, np.ndarray],
    exact: tuple[np.ndarray, np.ndarray, np.ndarray],
    *,
    notes: Mapping[str, str],
    places: np.ndarray,
    shares: Mapping[str, Sequence[str]],
) -> Figure:
    """Draws of each sampler in the plane under contours of the law they should have, a panel a sampler.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        draws: by sampler, shape ``(draws, 2)``.
        exact: axes, and density on their grid, ``(points, points)``.
        notes: a few words for the corner of each panel.
        places: centres of the parts of the law, shape ``(parts, 2)``.
        shares: by sampler, a word on each part, or none.
    """
    x, y, density = exact
    levels = _enclosing(density)
    figure, grid = panel_grid(len(draws), (2.75,))
    for (sampler, points), (axes,) in zip(draws.items(), grid, strict=True):
        axes.plot(
            points[:, 0],
            points[:, 1],
            ".",
            color=STRONG,
            markersize=2.6,
            alpha=0.4,
            markeredgewidth=0,
            rasterized=True,
        )
        axes.contour(x, y, density, levels=levels, colors=ACCENT, linewidths=(0.8, 1.0, 1.3))
        titled(axes, NAMES[sampler], pad=17.0)
        axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), aspect="equal")
        axes.text(0.0, 1.0, notes[sampler], transform=axes.transAxes, va="bottom", fontsize=8.0, color=SOFT)
        for (across, up), share in zip(places, shares[sampler], strict=False):
            text = axes.text(
                across, up, share, ha="center", va="center", fontsize=8.0, color=INK, linespacing=1.1
            )
            text.set_path_effects([withStroke(linewidth=2.4, foreground=PAPER)])
        axes.grid(False)
        axes.set_xlabel("$a_1$")
        if is_first_column(axes):
            axes.set_ylabel("$a_2$")
    legend(
        figure,
        [
            handle(Look(STRONG, marker="."), "draws", markers=True),
            handle(Look(ACCENT), "exact: 50, 90, 99 %"),
        ],
    )
    return Figure(name, caption, figure)


@styled
def scores(
    name: str,
    caption: str,
    found: Mapping[str, Sequence[tuple[str, float | None]]],
    *,
    bounds: Mapping[str, float],
) -> Figure:
    """Standard scores of all moments, a row a sampler.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        found: by sampler, name and score of each moment; a score that is None is left out.
        bounds: by sampler, what its scores should stay within.
    """
    rows = list(found)
    figure, axes = _panel(8.2, 0.42 * len(rows) + 1.45, left=2.15)
    present = [kind for kind in _KINDS if any(one.split()[0] == kind for one, _ in found[rows[0]])]
    for row, sampler in enumerate(rows):
        bound = bounds[sampler]
        axes.fill_between([-bound, bound], row - 0.5, row + 0.5, color=SOFT, alpha=0.16, linewidth=0)
        for kind, z in found[sampler]:
            if z is not None:
                _score(axes, present.index(kind.split()[0]), len(present), row, z)
    axes.axvline(0, color=INK, linewidth=0.9)
    axes.set(xlim=(-REACH, REACH), ylim=(len(rows) - 0.5, -0.5))
    axes.set_yticks(range(len(rows)), [NAMES[one] for one in rows])
    axes.grid(False, axis="y")
    axes.set_xlabel("moment less its exact value, in standard errors")
    handles = [handle(_KINDS[kind], _KIND_LABELS[kind], markers=True) for kind in present]
    figure.legend(handles=handles, loc="upper center", ncols=len(handles), bbox_to_anchor=(0.6, 1.0))
    return Figure(name, caption, figure)


@styled
def normalisers(
    name: str,
    caption: str,
    groups: Mapping[str, np.ndarray],
    pooled: Mapping[str, tuple[float, float]],
    *,
    exact: float,
) -> Figure:
    """Log normalisers of each estimator around the exact value.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        groups: by sampler, of each replicate.
        pooled: by sampler, of all replicates, with its standard error.
        exact: in closed form.
    """
    rows = list(groups)
    figure, axes = _panel(8.2, 0.7 * len(rows) + 1.15, left=2.15)
    for row, sampler in enumerate(rows):
        values = groups[sampler]
        jitter = 0.22 + 0.1 * np.modf(np.arange(len(values)) * 0.618034)[0]
        axes.plot(values, row + jitter, ".", color=STRONG, alpha=0.4, markersize=4.5, markeredgewidth=0)
        value, error = pooled[sampler]
        axes.errorbar(
            value, row - 0.1, xerr=2 * error, color=STRONG, marker="o", markersize=5, capsize=3, linewidth=1.6
        )
        axes.annotate(
            f"{value:.4f} ± {error:.4f}".replace("-", "−"), (value, row - 0.1), xytext=(0, 7),
            textcoords="offset points",
            ha="center", va="bottom", fontsize=8.0, color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
        )  # fmt: skip
    axes.axvline(exact, color=ACCENT, linewidth=1.5, zorder=1.5)
    axes.set_ylim(len(rows) - 0.5, -0.55)
    axes.set_yticks(range(len(rows)), [NAMES[one] for one in rows])
    axes.grid(False, axis="y")
    titled(axes, f"exact log Z = {exact:.4f}".replace("-", "−"))
    axes.title.set_color(ACCENT)
    axes.set_xlabel("log Z")
    return Figure(name, caption, figure)


def _score(axes: Axes, place: int, places: int, row: int, z: float) -> None:
    """One point; beyond the reach of the axis an arrow at its end."""
    look = list(_KINDS.values())[place]
    height = row + 0.5 * ((place + 0.5) / places - 0.5)
    if abs(z) <= REACH:
        axes.plot(z, height, look.marker, color=look.colour, markersize=4.6, alpha=0.85, markeredgewidth=0)
        return
    marker, end = (">", 0.975) if z > 0 else ("<", -0.975)
    axes.plot(end * REACH, height, marker, color=look.colour, markersize=6.5, markeredgewidth=0)


def _enclosing(density: np.ndarray) -> list[float]:
    """Densities whose contours enclose given shares of the law, ascending."""
    ordered = np.sort(density.ravel())[::-1]
    within = np.cumsum(ordered) / ordered.sum()
    return [float(ordered[np.searchsorted(within, share)]) for share in ENCLOSED]


def _panel(width: float, height: float, left: float) -> tuple[Canvas, Axes]:
    """One panel with room for the names of rows."""
    figure = Canvas(figsize=(width, height))
    figure.subplots_adjust(
        left=left / width, right=1 - 0.2 / width, bottom=0.5 / height, top=1 - 0.42 / height
    )
    return figure, figure.add_subplot()
