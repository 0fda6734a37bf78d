"""What chains found: averages with their errors, and the path of each chain."""

from collections.abc import Sequence

import matplotlib.figure
import numpy as np

from isotherm.plot.axes import titled
from isotherm.plot.look import INK
from isotherm.plot.style import WIDTH, looks, styled

ROW = 0.22
"""Inches of height for each average."""


@styled
def averages_and_paths(
    names: Sequence[str], means: np.ndarray, errors: np.ndarray, energies: np.ndarray, title: str
) -> matplotlib.figure.Figure:
    """Averages with two standard errors to both sides; beside them, of each chain, the running mean of its energy.

    Args:
        names: of the averages, from the top.
        means: shape ``(names,)``.
        errors: standard errors, shape ``(names,)``; NaN where none is known.
        energies: shape ``(chains, samples)``.
        title: above both.
    """
    figure = matplotlib.figure.Figure(figsize=(WIDTH, max(3.0, 1.2 + ROW * len(names))), layout="constrained")
    left, right = figure.subplots(1, 2)
    rows = np.arange(len(names))
    left.errorbar(
        means, rows, xerr=2 * np.nan_to_num(errors), fmt="o", markersize=3.5, color=INK, elinewidth=1.2
    )
    left.set_yticks(rows, names)
    left.invert_yaxis()
    left.set_xlabel("mean, ± 2 standard errors")
    shades = looks([str(chain) for chain in range(len(energies))])
    draws = np.arange(1, energies.shape[1] + 1)
    for path, look in zip(energies, shades.values(), strict=True):
        right.plot(draws, np.cumsum(path) / draws, color=look.colour, linewidth=1.0)
    right.set_xlabel("draw")
    right.set_ylabel("energy, mean up to this draw")
    titled(right, "Chains")
    titled(left, "Averages")
    figure.suptitle(title, x=0.01, ha="left", fontsize=9.5)
    return figure
