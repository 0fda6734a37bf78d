"""Numbers of the study: divergences by block, what is left at the end, and whether published numbers are met."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from isotherm.studies.gridworld.config import GridworldConfig
from isotherm.studies.gridworld.published import TABULATED, Published, published, replays
from isotherm.study.tables import Estimate

ALLOWED_Z = 4.0
"""Combined standard errors by which a mean may miss the published one."""

ORDERINGS = {1: 10, 2: 5}
"""Block at which curious agents must be ahead of random ones, by scenario."""

LEAST_ORDER_Z = 5.0
KL_RTOL = 1e-4
EFE_ATOL, EFE_RTOL = 2e-5, 1e-5

Arrays = Mapping[str, np.ndarray]


def learned_in(scenario: int) -> str:
    """``"A"`` or ``"B"``."""
    return "B" if scenario == 1 else "A"


def shown_blocks(config: GridworldConfig, scenario: int) -> list[int]:
    """Blocks, counted from 1, that tables show: the published ones, and the last."""
    last = config.blocks(scenario)
    return sorted({block for block in TABULATED[scenario] if block <= last} | {last})


def summary(config: GridworldConfig, scenario: int, arrays: Arrays) -> dict[str, Any]:
    """Of one scenario, for the metrics: by alpha, estimates over agents.

    Args:
        config: of the study.
        scenario: 1 .. 6.
        arrays: of :func:`isotherm.studies.gridworld.runs.compute`.
    """
    blocks = shown_blocks(config, scenario)
    at = np.array(blocks) - 1
    by_alpha = []
    for a, alpha in enumerate(config.alphas):
        kl = arrays["kl"][a]
        by_alpha.append(
            {
                "alpha": alpha,
                "kl": [Estimate.of(kl[:, block]).to_json() for block in at],
                "median": [float(np.median(kl[:, block])) for block in at],
                "tv": Estimate.of(arrays["tv"][a, :, -1]).to_json(),
                "visited": Estimate.of(arrays["visited"][a].mean(axis=1)).to_json(),
                "entropy": Estimate.of(arrays["entropy"][a, :, -1]).to_json(),
            }
        )
    return {
        "learned": learned_in(scenario),
        "blocks": blocks,
        "alphas": by_alpha,
        "lead": lead(config, scenario, arrays),
    }


def lead(config: GridworldConfig, scenario: int, arrays: Arrays) -> dict[str, Any] | None:
    """How far random agents (alpha 0) are behind those of alpha 0.4, agent by agent, or None if it is not known."""
    block = ORDERINGS.get(scenario)
    if block is None or block > config.blocks(scenario) or not {0.0, 0.4} <= set(config.alphas):
        return None
    random, curious = (arrays["kl"][config.alphas.index(alpha), :, block - 1] for alpha in (0.0, 0.4))
    return {"block": block, **Estimate.of(random - curious).to_json()}


def check_rows(
    config: GridworldConfig, scenario: int, arrays: Arrays, replayed: Arrays
) -> list[dict[str, Any]]:
    """Each check of a scenario: what, the number found, what is allowed, and whether it holds."""
    rows = _replay_rows(scenario, replayed)
    rows.append(_first_block_row(scenario, arrays))
    if scenario >= 4:
        same = all(np.array_equal(arrays["action"][0], other) for other in arrays["action"][1:])
        rows.append(_row(scenario, "actions alike whatever alpha", float(not same), "0", same))
    rows += _curve_rows(config, scenario, arrays)
    found = lead(config, scenario, arrays)
    if found is not None and found["se"]:
        z = found["mean"] / found["se"]
        what = f"alpha 0 behind 0.4 at block {found['block']}, paired z"
        rows.append(_row(scenario, what, z, f"> {LEAST_ORDER_Z:g}", z > LEAST_ORDER_Z))
    return rows


def _row(
    scenario: int, what: str, found: float | int, allowed: str, holds: bool | np.bool_
) -> dict[str, Any]:
    return {
        "scenario": scenario,
        "what": what,
        "found": float(found),
        "allowed": allowed,
        "holds": bool(holds),
    }


def _replay_rows(scenario: int, replayed: Arrays) -> list[dict[str, Any]]:
    """Recorded actions: the same cells, divergences and scores."""
    golden, learned = replays(scenario), learned_in(scenario)
    wrong = int((np.array(golden["visited"]) != replayed["cell"]).sum())
    wanted = np.array(golden[f"kl_{learned}"])
    off = float(np.abs(replayed["kl"] / wanted - 1).max())
    worst = 0.0
    for block, by_time in enumerate(golden["neg_efe"]):
        for time, scores in by_time.items():
            scores = np.array(scores)
            gap = np.abs(replayed["neg_efe"][block, int(time)] - scores)
            worst = max(worst, float((gap / (EFE_ATOL + EFE_RTOL * np.abs(scores))).max()))
    return [
        _row(scenario, "replay: cells that differ", wrong, "0", wrong == 0),
        _row(scenario, "replay: divergence, relative", off, f"≤ {KL_RTOL:g}", off <= KL_RTOL),
        _row(scenario, "replay: scores of policies, in tolerances", worst, "≤ 1", worst <= 1),
    ]


def _first_block_row(scenario: int, arrays: Arrays) -> dict[str, Any]:
    first = arrays["kl"][:, :, 0]
    spread = float(np.ptp(first, axis=0).max())
    return _row(scenario, "first block: spread over alphas", spread, "0", spread == 0)


def _curve_rows(config: GridworldConfig, scenario: int, arrays: Arrays) -> list[dict[str, Any]]:
    """Of each alpha, the block that is farthest from the published curve."""
    rows = []
    for a, alpha in enumerate(config.alphas):
        kept = [(b, published(scenario, alpha, b, learned_in(scenario))) for b in TABULATED[scenario]]
        known = [(b, at) for b, at in kept if at is not None and b <= config.blocks(scenario)]
        if not known:
            continue
        deviations = [_deviation(scenario, arrays["kl"][a, :, b - 1], at) for b, at in known]
        worst = int(np.argmax(np.abs(deviations)))
        what = f"alpha {alpha:g}: {'ln KL' if scenario == 3 else 'KL'} at block {known[worst][0]}, z"
        z = deviations[worst]
        rows.append(_row(scenario, what, z, f"|z| ≤ {ALLOWED_Z:g}", abs(z) <= ALLOWED_Z))
        if scenario == 3:
            outside = [b for b, at in known if not at.q10 <= np.median(arrays["kl"][a, :, b - 1]) <= at.q90]
            what = f"alpha {alpha:g}: blocks whose median is outside the published 10 to 90 %"
            rows.append(_row(scenario, what, len(outside), "0", not outside))
    return rows


def _deviation(scenario: int, kl: np.ndarray, at: Published) -> float:
    """Of the mean from the published one, in combined standard errors; of the logarithm in scenario 3."""
    values, mean, sd = (np.log(kl), at.ln_mean, at.ln_sd) if scenario == 3 else (kl, at.mean, at.sd)
    error = np.hypot(values.std(ddof=1) / np.sqrt(values.size), sd / np.sqrt(at.n))
    return float((values.mean() - mean) / error)
