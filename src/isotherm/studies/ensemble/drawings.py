"""Figures of ensembles: objectives over temperatures, fans over time, parameters beside the prior, chains."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from isotherm.plot.axes import dated, handle, legend, log_numbered, numbered, panel_grid, share_y, titled
from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, DASH, DOT, INK, SOFT, STRONG, Look
from isotherm.plot.style import WIDTH, looks, styled

AGREED = 1.05

DRAWS, BEST, POOL, HOLD = Look(ACCENT, width=1.6), Look(INK, DASH), Look(STRONG, width=1.2), Look(SOFT, DOT)

LABELS = {
    "memory_days": "memory, days", "memory_days_1": "first memory, days", "memory_days_2": "second memory, days",
    "k_per_day": "k per day",
}  # fmt: skip

BINS, SHOWN = 40, 1500


@styled
def over_betas(
    name: str,
    caption: str,
    temperatures: Sequence[Mapping[str, Any]],
    hodl: Mapping[str, float],
    best: Mapping[str, float] | None,
    axis: str,
) -> Figure:
    """Mean objective of draws at each temperature, a panel a part, beside HODL and the optimum.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        temperatures: of the metrics.
        hodl: objective of holding, by part.
        best: of the optimum, by part; None: there is none.
        axis: what the objective is.
    """
    parts = {"inside": "fitted minutes"} | ({"test": "test"} if "test" in hodl else {})
    figure, stacks = panel_grid(len(parts))
    places = np.arange(len(temperatures))
    for (axes,), (part, title) in zip(stacks, parts.items(), strict=True):
        told = [one["inside"] if part == "inside" else one["parts"][part] for one in temperatures]
        means = np.array([one["mean"] for one in told])
        errors = np.array([one["se"] or 0.0 for one in told])
        low, high = (np.array([one[end] for one in told]) for end in ("low", "high"))
        axes.fill_between(places, low, high, color=ACCENT, alpha=0.18, linewidth=0)
        axes.errorbar(places, means, errors, color=ACCENT, marker="o", markersize=5, linewidth=1.6, capsize=3)
        axes.axhline(hodl["train" if part == "inside" else part], color=HOLD.colour, linestyle=HOLD.line)
        if best is not None:
            axes.axhline(best[part], color=BEST.colour, linestyle=BEST.line, linewidth=1.2)
        axes.set_xticks(places, [f"{one['beta']:g}" for one in temperatures])
        axes.set_xlabel("β")
        titled(axes, title)
        numbered(axes, "y")
    stacks[0][0].set_ylabel(axis)
    handles = [handle(DRAWS, "draws: mean, nine tenths"), handle(HOLD, "HODL")]
    legend(figure, [*handles, *([] if best is None else [handle(BEST, "trained optimum")])])
    return Figure(name, caption, figure)


@styled
def fans(
    name: str,
    caption: str,
    unix: np.ndarray,
    found: Mapping[str, np.ndarray],
    best: np.ndarray | None,
    pool: np.ndarray | None,
    mark: int | None,
) -> Figure:
    """Fans of a series over time, a panel each, and lines beside in the last of them.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        unix: UTC milliseconds, ``(times,)``.
        found: by title, five quantiles ``(5, times)``.
        best: of the optimum, ``(times,)``, or None.
        pool: of the pool that averages draws, ``(times,)``, or None.
        mark: row at which the test begins, or None.
    """
    figure, stacks = panel_grid(len(found))
    time = unix.astype("datetime64[ms]")
    for (axes,), (title, quantiles) in zip(stacks, found.items(), strict=True):
        _fan(axes, time, quantiles, ACCENT)
        axes.axhline(0, color=HOLD.colour, linestyle=HOLD.line)
        for values, look in ((best, BEST), (pool, POOL)):
            if values is not None:
                axes.plot(time, values, color=look.colour, linestyle=look.line, linewidth=1.1)
        _finish(axes, time, mark, title)
    share_y([axes for (axes,) in stacks])
    stacks[0][0].set_ylabel("ahead of HODL, %")
    handles = [handle(DRAWS, "draws: median, half, nine tenths"), handle(HOLD, "HODL")]
    if pool is not None:
        handles.append(handle(POOL, "pool that averages the coldest"))
    if best is not None:
        handles.append(handle(BEST, "trained optimum"))
    legend(figure, handles)
    return Figure(name, caption, figure)


@styled
def weight_fans(
    name: str,
    caption: str,
    unix: np.ndarray,
    weights: np.ndarray,
    best: np.ndarray | None,
    tokens: Sequence[str],
    mark: int | None,
) -> Figure:
    """Fans of weights, a panel a token.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        unix: UTC milliseconds, ``(times,)``.
        weights: five quantiles, ``(5, times, tokens)``.
        best: of the optimum, ``(times, tokens)``, or None.
        tokens: their names.
        mark: row at which the test begins, or None.
    """
    figure, stacks = panel_grid(len(tokens))
    time, colours = unix.astype("datetime64[ms]"), looks(list(tokens))
    for i, ((axes,), token) in enumerate(zip(stacks, tokens, strict=True)):
        _fan(axes, time, weights[..., i], colours[token].colour)
        if best is not None:
            axes.plot(time, best[:, i], color=BEST.colour, linestyle=BEST.line, linewidth=0.9)
        _finish(axes, time, mark, token)
        axes.set_ylim(0, 1)
    stacks[0][0].set_ylabel("weight")
    return Figure(name, caption, figure)


def _fan(axes: Axes, time: np.ndarray, quantiles: np.ndarray, colour: str) -> None:
    low, lower, middle, upper, high = quantiles
    axes.fill_between(time, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.fill_between(time, lower, upper, color=colour, alpha=0.32, linewidth=0)
    axes.plot(time, middle, color=colour, linewidth=1.5)


def _finish(axes: Axes, time: np.ndarray, mark: int | None, title: str) -> None:
    axes.set_xlim(time[0], time[-1])
    if mark is not None:
        axes.axvline(time[mark], color=INK, linewidth=0.8, linestyle=":", zorder=4)
        axes.annotate(
            "test", (axes.convert_xunits(time[mark]), 1.0), xycoords=("data", "axes fraction"), xytext=(4, -10),
            textcoords="offset points", fontsize=8, color=SOFT,
        )  # fmt: skip
    titled(axes, title)
    dated(axes, 4)
    numbered(axes, "y")


@styled
def marginals(
    name: str,
    caption: str,
    draws: Mapping[str, np.ndarray],
    prior: Mapping[str, np.ndarray],
    best: Mapping[str, np.ndarray],
    tokens: Sequence[str],
) -> Figure:
    """Densities of effective parameters, a row each and a column a token, on logarithmic axes.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        draws: by name, ``(chains, draws, tokens)``.
        prior: likewise, ``(draws, tokens)``.
        best: of the optimum, ``(tokens,)`` each; empty: there is none.
        tokens: their names.
    """
    columns = len(tokens)
    figure = Canvas(figsize=(WIDTH, 2.5 * len(draws)), layout="constrained")
    grid = figure.subplots(len(draws), columns, squeeze=False)
    for row, (parameter, values) in zip(grid, draws.items(), strict=True):
        ends = _log_ends(np.concatenate([values.ravel(), prior[parameter].ravel()]))
        edges = np.linspace(*ends, BINS + 1)
        for i, (axes, token) in enumerate(zip(row, tokens, strict=True)):
            for found, colour, alpha in (
                (prior[parameter][..., i], SOFT, 0.35),
                (values[..., i], ACCENT, 0.6),
            ):
                logs = np.log10(np.maximum(found.ravel(), 1e-12))
                axes.hist(logs, edges, density=True, color=colour, alpha=alpha, linewidth=0)
            if parameter in best:
                axes.axvline(
                    np.log10(max(best[parameter][i], 1e-12)), color=INK, linestyle=":", linewidth=1.4
                )
            titled(axes, f"{LABELS.get(parameter, parameter)}, {token}")
            _powers(axes, ends)
            axes.set_yticks([])
    handles = [handle(Look(SOFT, width=5), "prior"), handle(Look(ACCENT, width=5), "draws")]
    legend(figure, [*handles, *([handle(Look(INK, DOT), "trained optimum")] if best else [])])
    return Figure(name, caption, figure)


def _log_ends(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(np.log10(np.maximum(values, 1e-12)), (0.001, 0.999))
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


def _powers(axes: Axes, ends: tuple[float, float]) -> None:
    """Few round numbers along an axis of logarithms."""
    steps = np.array([1.0, 2.0, 5.0]) if np.diff(ends)[0] < 1.7 else np.array([1.0])
    powers = 10.0 ** np.arange(np.floor(ends[0]), np.ceil(ends[1]) + 1)
    values = (powers[:, None] * steps).ravel()
    shown = values[(np.log10(values) >= ends[0]) & (np.log10(values) <= ends[1])]
    axes.set_xlim(*ends)
    axes.set_xticks(np.log10(shown), [f"{value:g}" for value in shown])


@styled
def together(
    name: str,
    caption: str,
    draws: Mapping[str, np.ndarray],
    prior: Mapping[str, np.ndarray],
    best: Mapping[str, np.ndarray],
    tokens: Sequence[str],
) -> Figure:
    """Memory against k of the same draws, a panel a token.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        draws: ``memory_days`` and ``k_per_day``, ``(chains, draws, tokens)``.
        prior: likewise, ``(draws, tokens)``.
        best: of the optimum, ``(tokens,)`` each; empty: there is none.
        tokens: their names.
    """
    figure, stacks = panel_grid(len(tokens))
    for i, ((axes,), token) in enumerate(zip(stacks, tokens, strict=True)):
        for found, colour, alpha in ((prior, SOFT, 0.25), (draws, ACCENT, 0.35)):
            x, y = (found[key][..., i].ravel() for key in ("memory_days", "k_per_day"))
            step = max(len(x) // SHOWN, 1)
            axes.scatter(x[::step], y[::step], s=5, color=colour, alpha=alpha, linewidth=0)
        if best:
            axes.plot(
                best["memory_days"][i], best["k_per_day"][i], marker="*", markersize=13, color=INK,
                markeredgecolor="white", linestyle="none", zorder=5,
            )  # fmt: skip
        axes.set_xlabel("memory, days")
        titled(axes, token)
        numbered(axes, "x")
        log_numbered(axes)
    share_y([axes for (axes,) in stacks])
    stacks[0][0].set_ylabel("k per day")
    return Figure(name, caption, figure)


@styled
def chains(
    name: str, caption: str, objectives: np.ndarray, rhats: Mapping[str, np.ndarray], axis: str
) -> Figure:
    """The objective along each chain, and R-hat of all numbers at each temperature.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        objectives: ``(chains, draws)``.
        rhats: by temperature, ``(numbers,)``.
        axis: what the objective is.
    """
    figure, ((left,), (right,)) = panel_grid(2)
    found = looks([str(i) for i in range(len(objectives))])
    for values, look in zip(objectives, found.values(), strict=True):
        left.plot(np.arange(len(values)), values, color=look.colour, linewidth=0.6, alpha=0.8)
    left.set_xlabel("draw")
    left.set_ylabel(axis)
    left.set_xlim(0, max(objectives.shape[1] - 1, 1))
    numbered(left)
    for i, values in enumerate(rhats.values()):
        over = np.maximum(values[np.isfinite(values)] - 1, 1e-4)
        right.scatter(np.full(len(over), i), over, s=18, color=ACCENT, alpha=0.6, linewidth=0)
    right.axhline(AGREED - 1, color=INK, linestyle="--", linewidth=0.9)
    right.set_xticks(range(len(rhats)), list(rhats))
    right.set_xlim(-0.5, len(rhats) - 0.5)
    right.set_xlabel("β")
    right.set_ylabel("R-hat less 1")
    log_numbered(right)
    return Figure(name, caption, figure)
