"""Numbers, tables and sentences of the comparison with recorded flow."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from isotherm.study.base import Arrays, Result
from isotherm.study.tables import Estimate, Table
from isotherm.study.ties import sign

Metrics = Mapping[str, Any]

RATIOS = {
    "volume": ("simulated", "inflow", "volume, simulated over recorded"),
    "fees": ("fees", "recorded_fees", "fee income, simulated over recorded"),
    "net": ("net", "inflow", "recorded: net of each minute, over all that was swapped"),
    "followed": ("simulated", "net", "simulated volume over the recorded net"),
}
"""By name: what over what, in words."""


def combined(arrays: Arrays) -> Result:
    """Ratios of totals, with errors over days, and the totals.

    Args:
        arrays: ``(days,)`` each, as :func:`.runs.compared` finds them.
    """
    metrics: dict[str, Any] = {
        "days": len(arrays["inflow"]),
        "depth": float(arrays["depth"].mean()),
        "ratios": {},
    }
    for name, (above, below, _) in RATIOS.items():
        metrics["ratios"][name] = ratio_of(arrays[above], arrays[below]).to_json()
    metrics["totals"] = {name: float(arrays[name].sum()) for name in ("inflow", "net", "simulated")}
    metrics["totals"] |= {name: float(arrays[name].sum()) for name in ("recorded_fees", "fees")}
    return Result(metrics, dict(arrays))


def ratio_of(above: np.ndarray, below: np.ndarray) -> Estimate:
    """Ratio of two sums over days, with its standard error by the delta method.

    Args:
        above: ``(days,)``, two or more.
        below: ``(days,)``, above 0.
    """
    days = len(below)
    ratio = above.sum() / below.sum()
    rest = above - ratio * below
    error = np.sqrt(days / (days - 1) * (rest**2).sum()) / below.sum()
    return Estimate(float(ratio), float(error), days)


def tables(metrics: Metrics) -> list[Table]:
    """Ratios, and the totals behind them."""
    rows = tuple((words, Estimate(**metrics["ratios"][name])) for name, (_, _, words) in RATIOS.items())
    note = "ratio of totals ± standard error over days (days); days follow each other, so the error is rough"
    totals = metrics["totals"]
    amounts = (
        ("swapped in", f"{totals['inflow'] / 1e6:,.1f}", f"{totals['simulated'] / 1e6:,.1f}"),
        ("of it net, minute by minute", f"{totals['net'] / 1e6:,.1f}", None),
        ("fee income", f"{totals['recorded_fees'] / 1e6:,.3f}", f"{totals['fees'] / 1e6:,.3f}"),
    )
    return [
        Table("Simulated over recorded", ("", "ratio"), rows, note),
        Table("Totals, million USDC", ("", "recorded", "simulated"), amounts, f"{metrics['days']} days"),
    ]


def conclusions(metrics: Metrics) -> list[str]:
    """What the simulated pool misses, and why."""
    ratios = {name: Estimate(**part) for name, part in metrics["ratios"].items()}
    volume, fees, net, followed = (ratios[name] for name in ("volume", "fees", "net", "followed"))
    missed = (1 - volume.mean) / volume.mean
    earned = {-1: "understates", 1: "overstates", 0: "tells about rightly"}[_over_one(fees)]
    said = [
        f"At the same depth and fee arbitrage makes **{_told(volume)}** of the recorded volume and "
        f"**{_told(fees)}** of the recorded fee income: a simulation without other traders "
        f"{earned} what liquidity earns.",
        f"Why, first: only {_told(net)} of what was swapped moved the pool from one minute to the next; the rest "
        "went back and forth within a minute, which prices by the minute cannot show.",
        f"Second: of that net flow the simulated pool trades {_told(followed)}. It follows a price only when that "
        "has left the band of its fee, whereas the recorded price is the pool's own, moved by whoever traded, at "
        "whatever profit.",
        "Third: the recorded pool is concentrated. One with liquidity at all prices and the same depth would hold "
        f"{metrics['depth'] / 1e6:,.0f} million USDC on average; per dollar of capital the difference is larger by "
        "as much as the capital of the recorded pool, which is not in the record, was smaller.",
    ]
    if _over_one(volume) < 0:
        said.append(
            f"`noise_trader_ratio` = {missed:.2f} would bring the simulated volume up to the recorded one; it is a "
            "number of this pool and these weeks, no constant."
        )
    return said


def _over_one(ratio: Estimate) -> int:
    """1 or -1 where a ratio is told from 1, else 0."""
    return sign({"mean": ratio.mean - 1, "se": ratio.se, "n": ratio.n})


def _told(estimate: Estimate) -> str:
    error = "" if estimate.se is None else f" ± {estimate.se:.3f}"
    return f"{estimate.mean:.3f}{error}"
