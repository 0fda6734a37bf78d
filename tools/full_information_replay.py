"""What the shipped replay table is worth to somebody who sees whole rows: the yardstick of docs/replay.md.

Pairwise conditionals are counted on the first 4,000 days and used on the others: the venue with the largest
naive-Bayes sum of log odds given K random context venues, over 20 draws of contexts.

    python tools/full_information_replay.py
"""

from importlib.resources import files
from pathlib import Path

import numpy as np

from isotherm.data.outcomes import read_outcomes

DAYS = 4000
REPEATS = 20


def log_odds(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log odds of each venue, and of venue i given that venue j showed 0 or 1: ``(n,)`` and ``(2, n, n)``."""
    up = (table > 0).astype(float)
    prior = np.log((up.sum(0) + 1) / ((1 - up).sum(0) + 1))
    given = [np.log(((up.T @ seen) + 1) / (((1 - up).T @ seen) + 1)) for seen in (1 - up, up)]
    return prior, np.stack(given)


def success(table: np.ndarray, k: int, rng: np.random.Generator) -> float:
    prior, given = log_odds(table[:DAYS])
    rest = table[DAYS:]
    n = table.shape[1]
    context = np.argsort(rng.random(rest.shape), axis=1)[:, :k]
    rows = np.arange(len(rest))[:, None]
    seen = (rest[rows, context] > 0).astype(int)
    scores = prior + np.sum(given[seen[..., None], np.arange(n), context[..., None]] - prior, axis=1)
    scores[rows, context] = -np.inf
    return float((rest[rows[:, 0], scores.argmax(axis=1)] > 0).mean())


def main() -> None:
    table = read_outcomes(Path(str(files("isotherm.data") / "us20_beat_median.parquet")))
    rng = np.random.default_rng(0)
    for k in (1, 2, 3):
        rates = [success(table, k, rng) for _ in range(REPEATS)]
        error = np.std(rates, ddof=1) / REPEATS**0.5
        print(f"K = {k}: {np.mean(rates):.4f} ± {error:.4f} ({REPEATS} draws of contexts)")


if __name__ == "__main__":
    main()
