"""Figures of the check of samplers: are the errors as they should be, and how fast does each mix?"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from isotherm.plot.axes import handle, is_first_column, legend, log_numbered, panel_grid, titled
from isotherm.plot.figure import Figure
from isotherm.plot.look import INK, SOFT, Look
from isotherm.plot.style import looks, styled

BAND = 0.998
"""Share of true samplers whose sorted score stays within the band, at each rank."""

LINES: Mapping[str, Look] = {
    "block Gibbs": Look("#1f5a96", "-", "s", 2.0, 4),
    "block Gibbs, dense and fused": Look("#649eec", (0, (9, 2)), "P", 1.7, 3),
    "locally informed": Look("#bda054", (0, (6, 1.5, 1.2, 1.5)), "X", 1.7, 2),
    "Swendsen–Wang": Look("#c8401f", "-", "o", 2.0, 5),
    "Wolff": Look("#d970aa", (0, (5, 1.8)), "d", 1.7, 3),
    "parallel tempering": Look("#1e8b53", (0, (6, 1.5, 1.2, 1.5)), "^", 1.8, 3),
}


def _looks(names: Sequence[str]) -> dict[str, Look]:
    return {name: LINES.get(name) or look for name, look in looks(list(names)).items()}


@styled
def scores_against_normal(
    name: str, caption: str, scores: Mapping[str, np.ndarray], *, degrees: int
) -> Figure:
    """Sorted scores of each sampler against the quantiles of Student's t, a panel a sampler.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        scores: z-scores by sampler, any shape; NaN are left out.
        degrees: degrees of freedom, chains less one.
    """
    figure, grid = panel_grid(len(scores), (2.6,))
    styles = _looks(list(scores))
    for (sampler, values), (axes,) in zip(scores.items(), grid, strict=True):
        found = np.sort(values[np.isfinite(values)])
        ranks = np.arange(1, len(found) + 1)
        expected = stats.t.ppf((ranks - 0.5) / len(found), df=degrees)
        low, high = (
            stats.t.ppf(stats.beta.ppf(p, ranks, len(found) + 1 - ranks), df=degrees)
            for p in ((1 - BAND) / 2, (1 + BAND) / 2)
        )
        axes.fill_between(expected, low, high, color=SOFT, alpha=0.18, linewidth=0)
        axes.plot(expected, expected, color=INK, linewidth=0.9, linestyle=(0, (3, 2)))
        axes.plot(expected, found, ".", color=styles[sampler].colour, markersize=3.2)
        titled(axes, f"{sampler} ({len(found):,})")
        axes.set_xlabel("expected z")
        if is_first_column(axes):
            axes.set_ylabel("sorted z")
    return Figure(name, caption, figure)


@styled
def mixing(
    name: str, caption: str, curves: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]]
) -> Figure:
    """Effective samples a second over inverse temperature, a panel a model, a line a sampler.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        curves: by model and sampler, the betas and the values.
    """
    figure, grid = panel_grid(len(curves), (2.6,))
    present = [one for one in LINES if any(one in by_sampler for by_sampler in curves.values())]
    styles = _looks(present)
    for (model, by_sampler), (axes,) in zip(curves.items(), grid, strict=True):
        for sampler, (betas, values) in by_sampler.items():
            look = styles[sampler]
            axes.plot(
                betas, values, color=look.colour, linestyle=look.line, marker=look.marker, markersize=4.5
            )
        log_numbered(axes)
        titled(axes, model)
        axes.set_xlabel("β")
        if is_first_column(axes):
            axes.set_ylabel("ESS a second")
    legend(figure, [handle(styles[one], one, markers=True) for one in present])
    return Figure(name, caption, figure)
