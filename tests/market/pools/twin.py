"""A slow, obvious twin of pools with fees, in NumPy, row by row as the definition writes it."""

import numpy as np

from isotherm.market.pools.signatures import signatures


def market(rows: int, seed: int = 0, n: int = 3, shock: float = 3e-3) -> tuple[np.ndarray, np.ndarray]:
    """Weights and prices of a small market, moving so much that most rows have trades at 30 bp."""
    rng = np.random.default_rng(seed)
    prices = np.geomspace(30000, 50, n) * np.exp(np.cumsum(rng.normal(size=(rows, n)) * shock, axis=0))
    logits = np.cumsum(rng.normal(size=(rows, n)) * 2 * shock, axis=0)
    weights = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return weights, prices


def best_trade(w, p, R, gamma, kind="pairs"):
    """Change of reserves and profit of the best valid signature, or the rebalancing without a fee."""
    if gamma == 1:
        c = p * R / w
        change = R * np.exp((w * np.log(c)).sum()) / c - R
        return change, -(change * p).sum()
    best = (np.zeros_like(R), 0.0)
    for s in signatures(kind, len(R)):
        A, g = s != 0, np.where(s > 0, gamma, 1.0)
        u = np.where(A, w, 0) / w[A].sum()
        # relative to the first token's, so that rounding is beside small numbers
        x = np.log(R * p / w / (R[0] * p[0] / w[0])) - np.log(g)
        change = np.where(A, R / g * np.expm1((u * x).sum() - x), 0)
        if (change * s < 0).any():
            continue
        profit = -(change * p).sum()
        if profit > best[1] + 1e-9 * abs(best[1]):
            best = (change, profit)
    return best


def swap(w, R, i, j, amount, gamma):
    change = np.zeros_like(R)
    change[i] += amount
    change[j] -= R[j] * (1 - (1 + gamma * amount / R[i]) ** (-w[i] / w[j]))
    return change


def path(
    weights, prices, *, fees=0.0, gas=0.0, arb_fees=0.0, split=0.0, noise=0.0, every=1, does=None, supply=None,
    trades=None, kind="pairs", value=1e6, varies=None, moves=True,
):  # fmt: skip
    """Reserves, fees that stayed and trades of each row; ``weights`` may be a row for all."""
    rows, n = prices.shape
    turns = -(-rows // every)
    weights = np.broadcast_to(weights, (rows, n))
    given = (fees, gas, arb_fees, does)
    varies = (
        any(np.ndim(x) for x in given) or supply is not None or trades is not None
        if varies is None
        else varies
    )
    fees, gas, arb_fees = (np.broadcast_to(np.ravel(x), turns) for x in (fees, gas, arb_fees))
    does = np.broadcast_to(np.ravel(True if does is None else does), turns)
    R, before = weights[0] * value / prices[0], weights[0]
    reserves, revenue, traded = np.zeros((rows, n)), np.zeros(rows), np.zeros((rows, n))
    for t in range(rows):
        if t % every == 0:
            k, w, p = t // every, weights[t], prices[t]
            gamma, received, start = 1 - fees[k], np.zeros(n), None
            if supply is not None:
                R = R * supply[k] / (supply[k - 1] if k else supply[0])
            start = np.zeros(n)
            for which, target in enumerate((before, w) if moves else (before,)):
                if which and trades is not None and trades[k][2] > 0:
                    change = swap(w, R, int(trades[k][0]), int(trades[k][1]), trades[k][2], gamma)
                    R, start, received = R + change, start + change, received + np.maximum(change, 0)
                change, profit = best_trade(target, p, R, gamma, kind)
                if not does[k] or profit - gas[k] < arb_fees[k] / 2 * (abs(change) * p).sum():
                    continue
                comes_in = np.maximum(change, 0)
                R, start, received = R + change, start + change, received + comes_in
                R = R * (1 + noise * (1 - gamma) * (1 - split) * (comes_in * p).sum() / (R * p).sum())
                if not varies:
                    R = R - comes_in * (1 - gamma) * split
            if varies:
                R = R - received * (1 - gamma) * split
            revenue[t], traded[t], before = (1 - split) * (1 - gamma) * (received * p).sum(), start, w
        reserves[t] = R
    return reserves, revenue, traded
