"""Blocked Gibbs sampling of models with tables too wide to be summed: most variables are drawn together. NumPy only.

Before anything is drawn, some cuts are chosen that free every variable at least once; a sweep takes them in turn and
draws all free variables of a cut from their law given the others, by elimination. Zeros never let a possible state
go.

References:
    Jensen, Kong and Kjaerulff, Blocking Gibbs sampling in very large probabilistic expert systems (1995).
"""

import time
from collections.abc import Callable

import numpy as np

from isotherm.energy.tables import Tables
from isotherm.infer.search.cutset import Cut, cut, nearby, structure

LIMIT = 1 << 12
"""Most entries of a clique."""

MOST_TOGETHER = 3000
"""Variables of a cut at most, before some of them are held."""

_WARMUP = 0.3


def blocks(tables: Tables, seed: int) -> list[Cut]:
    """Cuts that free each variable at least once.

    Args:
        tables: the model; variables of a single value are in no table.
        seed: of the choice.
    """
    rng, neighbours = np.random.default_rng(seed), structure(tables)
    limit = max(LIMIT, int(tables.cardinalities.max()))
    waiting, found = set(neighbours), []
    while waiting:
        start = min(waiting)
        is_small = len(neighbours) <= MOST_TOGETHER
        region = None if is_small else nearby(neighbours, start, MOST_TOGETHER)
        one = cut(tables, neighbours, limit, rng, region, spared=waiting)
        if not waiting & set(np.flatnonzero(one.free).tolist()):  # alone, it fits into any clique
            one = cut(tables, neighbours, limit, rng, [start])
        found.append(one)
        waiting -= set(np.flatnonzero(one.free).tolist())
    return found


def blocked_chains(
    tables: Tables,
    starts: np.ndarray,
    num_samples: int,
    seed: int,
    until: float,
    told: Callable[[], None] = lambda: None,
) -> tuple[np.ndarray, int]:
    """Chains from possible states, until there are enough samples or time is up.

    Args:
        tables: the model.
        starts: int64, shape ``(chains, n)``, each possible.
        num_samples: of each chain, at least 1, at most.
        seed: of everything random.
        until: when to stop, as :func:`time.monotonic` counts; the cut that is begun is ended.
        told: called between cuts.

    Returns:
        int64, shape ``(chains, samples, n)``: as many samples as there was time for, one a cut, the first three
        tenths left out; and the number of whole sweeps.
    """
    rng, states, kept = np.random.default_rng(seed), starts.copy(), []
    every = blocks(tables, seed)
    while every and time.monotonic() < until and (1 - _WARMUP) * len(kept) < num_samples:
        one = every[len(kept) % len(every)]
        for chain, state in enumerate(states):
            states[chain] = one.law(state).draw(rng, 1)[0]
        kept.append(states.copy())
        told()
    warm = int(np.ceil(_WARMUP * len(kept)))
    return np.stack(kept[warm:] if len(kept) > warm else [states], axis=1), len(kept) // max(len(every), 1)
