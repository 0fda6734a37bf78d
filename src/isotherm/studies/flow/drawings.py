"""Figures of the comparison with recorded flow."""

import numpy as np

from isotherm.plot.axes import dated, numbered, panel_grid, titled
from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, INK, SOFT
from isotherm.plot.style import styled


@styled
def flows(
    name: str, caption: str, unix: np.ndarray, inflow: np.ndarray, net: np.ndarray, simulated: np.ndarray
) -> Figure:
    """Volume a day, and simulated against recorded.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        unix: UTC milliseconds, ``(days,)``.
        inflow: recorded, in USDC, ``(days,)``.
        net: recorded net of each minute, ``(days,)``.
        simulated: ``(days,)``.
    """
    figure, stacks = panel_grid(2)
    (over_time,), (against,) = stacks
    time = unix.astype("datetime64[ms]")
    for values, colour, label in (
        (inflow, INK, "recorded"),
        (net, SOFT, "recorded, net"),
        (simulated, ACCENT, "simulated"),
    ):
        over_time.plot(time, values / 1e6, color=colour, linewidth=1.6, label=label)
    over_time.set_ylim(0, 1.2 * inflow.max() / 1e6)
    over_time.set_ylabel("volume, million USDC a day")
    dated(over_time, 6)
    over_time.legend(loc="upper left", ncols=3, handlelength=1.6, columnspacing=1.0)
    titled(over_time, "Volume a day")
    top = 1.05 * max(inflow.max(), simulated.max()) / 1e6
    against.plot([0, top], [0, top], color=SOFT, linewidth=1.0, linestyle=":")
    ratio = simulated.sum() / inflow.sum()
    against.plot([0, top], [0, ratio * top], color=SOFT, linewidth=1.0)
    against.plot(inflow / 1e6, simulated / 1e6, "o", color=ACCENT, markersize=4, markeredgewidth=0)
    against.set_xlim(0, top)
    against.set_ylim(0, top)
    numbered(against)
    against.set_xlabel("recorded, million USDC")
    against.set_ylabel("simulated, million USDC")
    titled(against, f"A day a dot; the line: {ratio:.2f}")
    return Figure(name, caption, figure)
