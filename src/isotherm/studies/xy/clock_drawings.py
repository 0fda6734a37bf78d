"""Figures of the study of the XY model: clock models beside it, and whether both starts agree."""

import numpy as np
from scipy import stats

from isotherm.plot.axes import handle, legend, panel_grid, titled
from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, INK, SOFT, Look
from isotherm.plot.style import styled
from isotherm.studies.xy.drawings import MARKED, Data, curves, legend_of_sizes, styles_of

SIX = (0.70, 0.90)
"""Where the literature sees the two transitions of six angles, about."""

QUANTITIES = {
    "energy": "energy",
    "magnetization2": "⟨m²⟩",
    "helicity_modulus": "helicity modulus",
    "vortex_density": "vortex density",
}
"""What is compared, in the order of the arrays ``CELL/starts``."""


@styled
def beside(data: Data, num_angles: int) -> Figure:
    """A clock model and the XY model: curves, and their differences in units of their errors."""
    size = data.curve_sizes[1]
    figure, ((shown,), (gaps,)) = panel_grid(2, (3.2,))
    cells = ((f"curve.{size}", Look(INK, "-", "o")), (f"clock.{size}", Look(ACCENT, "-", "x")))
    for cell, look in cells:
        temperatures, values, errors = data.line(cell, "helicity_modulus")
        shown.errorbar(
            temperatures, values, errors, color=look.colour, marker=look.marker, markersize=5, linewidth=1.0
        )
    marks = dict(zip(QUANTITIES, "osD^", strict=True))
    differences = []
    for name, marker in marks.items():
        (temperatures, one, error), (_, other, other_error) = (data.line(cell, name) for cell, _ in cells)
        z = (other - one) / np.maximum(np.hypot(error, other_error), 1e-12)
        differences += gaps.plot(
            temperatures, np.clip(z, -9, 9), marker, markersize=4.5, label=QUANTITIES[name]
        )
    gaps.axhspan(-3, 3, color=SOFT, alpha=0.12, linewidth=0)
    gaps.set_ylabel("difference / its error")
    for axes in (shown, gaps):
        axes.set_xlabel("temperature")
    shown.axvspan(0, 0.3, color=SOFT, alpha=0.12, linewidth=0)
    gaps.axvspan(0, 0.3, color=SOFT, alpha=0.12, linewidth=0)
    shown.text(0.32, 0.06, "below, spins\nlock to the angles", fontsize=8.5, color=SOFT)
    titled(shown, f"Helicity modulus, L = {size}")
    titled(gaps, "Differences")
    legend(
        figure,
        [
            handle(look, text, markers=True)
            for (_, look), text in zip(cells, ("XY", f"{num_angles} angles"), strict=True)
        ]
        + differences,
    )
    return Figure(
        "clock",
        f"Clock model of {num_angles} angles beside the XY model. They agree down to low temperatures, where "
        "the clock locks to its angles in a transition of its own and the XY model does not.",
        figure,
    )


@styled
def six_angles(data: Data) -> Figure:
    """Six angles: order, stiffness and the exponent η over temperature, with both transitions."""
    figure, ((order,), (stiff,), (eta,)) = panel_grid(3, (2.9,))
    for axes, quantity, label in (
        (order, "abs_magnetization", "⟨|m|⟩"),
        (stiff, "helicity_modulus", "helicity modulus"),
    ):
        curves(axes, data, "six", data.six_sizes, quantity)
        axes.set_ylabel(label)
    temperatures, values, errors = (data.arrays[f"six/{end}"] for end in ("temperatures", "eta", "eta/error"))
    eta.errorbar(temperatures, values, errors, color=INK, marker="o", markersize=4, linewidth=1.1)
    for level, text in ((1 / 9, "1/9"), (1 / 4, "1/4")):
        eta.axhline(level, color=ACCENT, linewidth=1.0)
        eta.text(temperatures[0], level + 0.008, text, fontsize=9, color=ACCENT)
    eta.set_ylim(-0.02, 0.6)
    eta.set_xlabel("temperature")
    eta.set_ylabel("η")
    for axes in (order, stiff, eta):
        for one in SIX:
            axes.axvline(one, **MARKED)
    titled(order, "Order below the first")
    titled(stiff, "Stiff below the second")
    titled(eta, "η at both")
    legend_of_sizes(figure, data.six_sizes, data)
    return Figure(
        "six-angles",
        "Clock model of six angles. Below the lower transition spins lock to the angles; between the two it "
        "behaves as an XY model; above, vortices are free. η reaches 1/9 and 1/4 there. Dashed: 0.70 and 0.90, as in "
        "the literature.",
        figure,
    )


@styled
def starts(data: Data) -> Figure:
    """Chains from order against chains from disorder: sorted z-scores of each quantity."""
    figure, grid = panel_grid(4, (2.5,))
    styles = styles_of(data)
    cells = [
        (part, size)
        for part, sizes in (("curve", data.curve_sizes), ("critical", data.sizes), ("six", data.six_sizes))
        for size in sizes
    ]
    for row, (label, (axes,)) in enumerate(zip(QUANTITIES.values(), grid, strict=True)):
        for part, size in cells:
            look = styles[size]
            z = data.arrays[f"{part}.{size}/starts"][row]
            axes.plot(data.arrays[f"{part}/temperatures"], z, look.marker, color=look.colour, markersize=3.2)
        bound = float(stats.norm.ppf(1 - 0.05 / 2))
        axes.axhspan(-bound, bound, color=SOFT, alpha=0.12, linewidth=0)
        axes.set_ylim(-6, 6)
        axes.set_xlabel("temperature")
        axes.set_ylabel("z")
        titled(axes, f"{label[0].upper()}{label[1:]}" if label[0].isalpha() else label)
    legend_of_sizes(figure, tuple(size for _, size in cells), data)
    return Figure(
        "starts",
        "Equilibrium shown: the difference between chains that began ordered and chains that began at random, in "
        "units of its error, for all models, sizes and temperatures. The band holds 95 % if they agree.",
        figure,
    )
