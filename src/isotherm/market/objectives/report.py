"""What a report says of daily returns, alone and against benchmarks. On the host, in float64; section 6.4.

Spreads are population ones unless said otherwise; a year has 365 days; excess is over the day's risk-free return.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64

from isotherm.doors import mapping, number, real_numbers
from isotherm.errors import refusal

YEAR = 365
WEEK, MONTH = 7, 30

Days = Float64[np.ndarray, " days"]


class ReturnMoments(NamedTuple):
    """The distribution of daily returns: numbers, all in units of a day."""

    mean: float
    std: float
    skew: float
    excess_kurtosis: float
    least: float
    median: float
    greatest: float


class RiskSeries(NamedTuple):
    """Risk chunk by chunk, chunks of 7 or 30 days, an incomplete last one dropped.

    Attributes:
        draw_down: worst loss against the chunk's highest value so far, shape ``(chunks,)``, at most 0.
        ulcer: root mean square of those losses, negated, shape ``(chunks,)``.
        sterling: the chunk's gain a year over its worst draw-down, shape ``(chunks,)``; infinite without one.
    """

    draw_down: Float64[np.ndarray, " chunks"]
    ulcer: Float64[np.ndarray, " chunks"]
    sterling: Float64[np.ndarray, " chunks"]


class ReturnReport(NamedTuple):
    """Daily returns judged alone; numbers, NaN or infinite where a divisor is 0.

    Attributes:
        total_return: compounded.
        sharpe: annual, of excess returns.
        sortino: mean excess over the spread (of a sample, ddof 1) of negative excess returns, annual.
        omega: sum of gains over sum of losses, of excess returns.
        return_on_var: mean excess over the loss that one day in twenty exceeds.
        cdar: mean of the worst twentieth of draw-downs, at most 0.
        moments: of the returns.
        weekly: risk by weeks.
        monthly: risk by 30 days.
    """

    total_return: float
    sharpe: float
    sortino: float
    omega: float
    return_on_var: float
    cdar: float
    moments: ReturnMoments
    weekly: RiskSeries
    monthly: RiskSeries


class BenchmarkReport(NamedTuple):
    """Daily returns against a benchmark's; numbers, NaN or infinite where a divisor is 0.

    Attributes:
        information_ratio: mean difference over its spread, annual.
        tracking_error: spread of the difference, annual.
        beta: slope of excess returns on the benchmark's.
        jensen_alpha: ``(1 + a)^365 - 1`` of the daily intercept a.
        up_capture: mean return over the benchmark's on days when the benchmark gained.
        down_capture: the same on days when it lost.
    """

    information_ratio: float
    tracking_error: float
    beta: float
    jensen_alpha: float
    up_capture: float
    down_capture: float


def report_returns(daily_returns: Any, risk_free: Any = 0.0) -> ReturnReport:
    """Judge daily returns alone.

    Args:
        daily_returns: shape ``(days,)``, above -1, at least two days.
        risk_free: daily return without risk, a number or shape ``(days,)``.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a shape or a return that does not fit.

    References:
        Sortino and Price, J. Investing 3 (1994); Keating and Shadwick, J. Performance Measurement 6 (2002);
        Chekhlov, Uryasev and Zabarankin, Int. J. Theor. Appl. Finance 8 (2005).

    >>> found = report_returns([0.02, -0.01, 0.02, -0.01])
    >>> round(found.omega, 6), round(found.total_return, 6)
    (2.0, 0.019696)
    """
    changes = _returns("daily_returns", daily_returns)
    excess = changes - _risk_free(risk_free, changes)
    losses = excess[excess < 0]
    downside = float(losses.std(ddof=1)) if len(losses) > 1 else 0.0
    value = np.concatenate([[1.0], np.cumprod(1 + changes)])
    return ReturnReport(
        total_return=float(value[-1] - 1),
        sharpe=np.sqrt(YEAR) * _ratio(excess.mean(), excess.std()),
        sortino=np.sqrt(YEAR) * _ratio(excess.mean(), downside),
        omega=_ratio(excess[excess > 0].sum(), -losses.sum()),
        return_on_var=_ratio(excess.mean(), -np.percentile(changes, 5)),
        cdar=_worst_mean(falls_from_peak(value), 0.05),
        moments=moments_of(changes),
        weekly=_risk_series(changes, WEEK),
        monthly=_risk_series(changes, MONTH),
    )


def report_benchmarks(
    daily_returns: Any, benchmarks: Mapping[str, Any], risk_free: Any = 0.0
) -> dict[str, BenchmarkReport]:
    """Judge daily returns against benchmarks.

    Args:
        daily_returns: shape ``(days,)``, above -1, at least two days.
        benchmarks: by name, each of the same shape.
        risk_free: daily return without risk, a number or shape ``(days,)``.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a shape or a return that does not fit.

    References:
        M. Jensen, The performance of mutual funds, J. Finance 23 (1968).

    >>> market = np.array([0.01, -0.02, 0.03])
    >>> round(report_benchmarks(2 * market, {"market": market})["market"].beta, 6)
    2.0
    """
    changes = _returns("daily_returns", daily_returns)
    safe = _risk_free(risk_free, changes)
    found = {}
    for name, values in mapping("benchmarks", benchmarks, "daily returns by name").items():
        other = _returns(f"benchmarks[{name}]", values)
        if other.shape != changes.shape:
            raise refusal(
                f"benchmarks[{name}].shape", other.shape, f"must be {changes.shape}, as daily_returns"
            )
        found[name] = _against(changes, other, safe)
    return found


def _against(changes: Days, other: Days, safe: Days) -> BenchmarkReport:
    difference = changes - other
    excess, market = changes - safe, other - safe
    beta = _ratio(np.mean((excess - excess.mean()) * (market - market.mean())), market.var())
    alpha = excess.mean() - beta * market.mean()
    up, down = other > 0, other < 0
    return BenchmarkReport(
        information_ratio=np.sqrt(YEAR) * _ratio(difference.mean(), difference.std()),
        tracking_error=float(np.sqrt(YEAR) * difference.std()),
        beta=beta,
        jensen_alpha=float((1 + alpha) ** YEAR - 1),
        up_capture=_ratio(changes[up].sum(), other[up].sum()),
        down_capture=_ratio(changes[down].sum(), other[down].sum()),
    )


def moments_of(changes: Days) -> ReturnMoments:
    """The distribution of returns; skew and kurtosis are NaN where they do not vary."""
    deviation = changes.std()
    scaled = (changes - changes.mean()) / deviation if deviation > 0 else np.full_like(changes, np.nan)
    return ReturnMoments(
        mean=float(changes.mean()),
        std=float(deviation),
        skew=float(np.mean(scaled**3)),
        excess_kurtosis=float(np.mean(scaled**4) - 3),
        least=float(changes.min()),
        median=float(np.median(changes)),
        greatest=float(changes.max()),
    )


def _risk_series(changes: Days, length: int) -> RiskSeries:
    """Of chunks of ``length`` daily returns, each beginning at value 1."""
    num_chunks = len(changes) // length
    parts = changes[: num_chunks * length].reshape(num_chunks, length)
    value = np.concatenate([np.ones((num_chunks, 1)), np.cumprod(1 + parts, axis=1)], axis=1)
    losses = falls_from_peak(value)
    worst, gain = losses.min(axis=1), value[:, -1] ** (YEAR / length) - 1
    is_none = worst == 0
    sterling = np.where(is_none, np.inf, gain / np.where(is_none, 1.0, -worst))
    return RiskSeries(worst, -np.sqrt((losses**2).mean(axis=1)), sterling)


def falls_from_peak(value: np.ndarray) -> np.ndarray:
    """Loss against the highest value so far along the last axis, as a share, at most 0."""
    return value / np.maximum.accumulate(value, axis=-1) - 1


def _worst_mean(losses: np.ndarray, share: float) -> float:
    """Mean of the lowest ``share`` of entries, at least one."""
    count = max(1, int(np.ceil(share * len(losses))))
    return float(np.sort(losses)[:count].mean())


def _ratio(above: Any, below: Any) -> float:
    if below == 0:
        return float(np.sign(above) * np.inf) if above != 0 else float("nan")
    return float(above / below)


def _returns(field: str, values: Any) -> Days:
    found = real_numbers(field, values)
    if found.ndim != 1 or len(found) < 2:
        raise refusal(f"{field}.shape", found.shape, "must be (days,), at least two of them")
    wrong = ~(np.isfinite(found) & (found > -1))
    if wrong.any():
        raise refusal(
            f"{field}[{int(wrong.argmax())}]", float(found[wrong][0]), "must be finite and above -1"
        )
    return found


def _risk_free(values: Any, changes: Days) -> Days:
    found = real_numbers("risk_free", values)
    if found.ndim == 0:
        return np.full_like(changes, number("risk_free", float(found)))
    if found.shape != changes.shape or not np.isfinite(found).all():
        raise refusal("risk_free.shape", found.shape, f"must be a number or {changes.shape}, all finite")
    return found
