"""What the paths of weighted pools cost: without fees, with fees, in sets, with gradients; against plain scans.

Claims, CPU seconds after compilation, one year of minutes of three tokens: values without fees at most 0.02 s; with a
fee of 30 bp at most 0.45 s and at least twice as fast as a scan of the same step that passes over nothing; 16 sets in
one call at most 2.5 s. One value and gradient over 163,872 minutes at most 0.9 s, at least 4 times as fast as
``jax.grad`` of the plain scan, equal to it, with a peak at most 600 MB above the import; ten years without fees
within 2 GB of peak.

``python benchmarks/market_paths.py`` prints the table: CPU seconds of the fastest of some rounds, the sides taking
turns, so that a busy machine slows them alike. ``--rows`` makes the year shorter. The plain scans are the textbook's
closed form with its powers and products, and the package's own step without a gate; tests take the first as a twin.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.market.pools.active import active_rows
from isotherm.market.pools.costs import Costs
from isotherm.market.pools.fees import fee_path
from isotherm.market.pools.geometric import log_values
from isotherm.market.pools.pool import opened
from isotherm.market.pools.signatures import signatures
from isotherm.market.pools.step import RowInputs, StepRules, advanced

YEAR, WINDOW, SETS, FEE, CHUNK = 525_600, 163_872, 16, 0.003, 1440
VALUE = 1e6
TURN = 3
"""Calls of a side in a row: the first after another side finds caches and memory as that one left them."""

Pair = tuple[np.ndarray, np.ndarray]


def market(rows: int, seed: int = 0, n: int = 3) -> Pair:
    """Weights that move in straight lines between days, and prices of a geometric random walk.

    Args:
        rows: minutes.
        seed: of both.
        n: tokens.
    """
    rng = np.random.default_rng(seed)
    yearly = np.linspace(0.7, 0.9, n)
    prices = rng.normal(size=(rows, n))
    np.cumsum(prices * (yearly / np.sqrt(YEAR)), axis=0, out=prices)
    prices = np.geomspace(30000, 50, n) * np.exp(prices, out=prices)
    coarse = [np.full(n, 1 / n)]
    for _ in range(rows // CHUNK + 1):
        moved = np.clip(coarse[-1] + 0.03 * rng.normal(size=n), 0.1, 0.8)
        coarse.append(moved / moved.sum())
    days = np.arange(len(coarse)) * CHUNK
    return np.stack([np.interp(np.arange(rows), days, each) for each in np.array(coarse).T], axis=1), prices


def textbook_trade(weights: Any, prices: Any, reserves: Any, gamma: Any, kind: str = "pairs") -> Any:
    """The best valid trade as section 2.3 of the definition writes it, with powers and products.

    Args:
        weights: ``(tokens,)``.
        prices: ``(tokens,)``.
        reserves: ``(tokens,)``.
        gamma: 1 less the fee.
        kind: of signatures.
    """
    table = signatures(kind, len(weights))
    touched, goes_in = table != 0, table > 0
    chosen = jnp.where(touched, weights[None], 0.0)
    u = chosen / chosen.sum(1, keepdims=True)
    g = jnp.where(goes_in, gamma, 1.0)
    known = jnp.where(touched, u, 1.0)
    K = jnp.prod(jnp.where(touched, reserves[None] ** u, 1.0), axis=1, keepdims=True)
    factor = jnp.prod(jnp.where(touched, (prices[None] / (known * g)) ** u, 1.0), axis=1, keepdims=True)
    change = jnp.where(touched, (K * u * g / prices[None] * factor - reserves[None]) / g, 0.0)
    counted = jnp.where(change > 0, gamma, 1.0) * change
    after = jnp.prod((reserves[None] + counted) ** weights[None], axis=1)
    before = jnp.prod(reserves**weights)
    is_valid = (reserves[None] + change > 0).all(1) & (after >= before * (1 - 1e-12))
    profit = jnp.where(is_valid, -(change * prices[None]).sum(1), 0.0)
    best = jnp.argmax(profit)
    return jnp.where(profit[best] > 0, change[best], 0.0)


def textbook_path(weights: Any, prices: Any, fee: Any, kind: str = "pairs") -> Any:
    """Reserves after each minute by a scan of :func:`textbook_trade`, ``(rows, tokens)``."""

    def step(reserves: Any, row: Any) -> tuple[Any, Any]:
        before, w, p = row
        for target in (before, w):
            reserves = reserves + textbook_trade(target, p, reserves, 1 - fee, kind)
        return reserves, reserves

    before = jnp.concatenate([weights[:1], weights[:-1]])
    return jax.lax.scan(step, weights[0] * VALUE / prices[0], (before, weights, prices))[1]


def ungated_path(weights: Any, prices: Any, fee: Any) -> Any:
    """The package's own step in a plain scan: every row is solved, ``(rows, tokens)``."""
    rules, one = StepRules(may_be_free=False), jnp.ones((1,), prices.dtype)
    zero = one - one

    def step(reserves: Any, row: Any) -> tuple[Any, Any]:
        before, w, p = (x[:, None] for x in row)
        inputs = RowInputs(before, w, p, one - fee, zero, zero, zero, zero)
        reserves = advanced(rules, reserves, inputs)[0].reserves
        return reserves, reserves[:, 0]

    before = jnp.concatenate([weights[:1], weights[:-1]])
    start = (weights[0] * VALUE / prices[0])[:, None]
    return jax.lax.scan(step, start, (before, weights, prices))[1]


def our_path(weights: Any, prices: Any, fee: Any) -> Any:
    """Reserves after each minute by the package, ``(rows, tokens)``."""
    costs = Costs(fees=FEE).prepared(len(prices), prices.shape[1], prices.dtype)
    costs = replace(costs, gamma=jnp.reshape(1 - jnp.asarray(fee, prices.dtype), (1,)))
    state = opened(weights[0], prices[0], jnp.asarray(VALUE, prices.dtype))
    return fee_path(active_rows(len(prices), 1), weights, prices, costs, state).reserves


def objective(path: Callable[..., Any]) -> Callable[..., Any]:
    """Mean logarithm of daily values, the gradient of which is taken by weights."""

    def mean(weights: Any, prices: Any, fee: Any) -> Any:
        values = (path(weights, prices, fee) * prices).sum(1)
        return jnp.log(values[::CHUNK]).mean()

    return mean


Timed = dict[str, tuple[float, float]]


def timed(sides: Mapping[str, Callable[[], Any]], rounds: int) -> Timed:
    """Of each side, seconds of its first call and CPU seconds of the fastest later one, taking turns."""
    first, fastest = {}, dict.fromkeys(sides, np.inf)
    for name, call in sides.items():
        start = time.perf_counter()
        jax.block_until_ready(call())
        first[name] = time.perf_counter() - start
    for _ in range(rounds):
        for name, call in sides.items():
            for _ in range(TURN):
                start = time.process_time()
                jax.block_until_ready(call())
                fastest[name] = min(fastest[name], time.process_time() - start)
    return {name: (first[name], fastest[name]) for name in sides}


def forward(rows: int, rounds: int) -> Timed:
    """Paths over a year."""
    weights, prices = (jnp.asarray(x) for x in market(rows))
    value = jax.jit(lambda w, p: VALUE * jnp.exp(log_values(w, p)))
    free = timed({"values, no fee": lambda: value(weights, prices)}, rounds)  # compared with no other side
    sets = jnp.stack([jnp.asarray(market(rows, seed)[0]) for seed in range(SETS)])
    ours, ungated, textbook = map(jax.jit, (our_path, ungated_path, textbook_path))
    many = jax.jit(jax.vmap(our_path, (0, None, None)))
    return free | timed(
        {
            "reserves, 30 bp": lambda: ours(weights, prices, FEE),
            "the same, ungated": lambda: ungated(weights, prices, FEE),
            "the same, textbook": lambda: textbook(weights, prices, FEE),
            f"{SETS} sets, 30 bp": lambda: many(sets, prices, FEE),
        },
        rounds,
    )


def gradients(rows: int, rounds: int) -> tuple[Timed, float]:
    """Value and gradient over a window, and how far ours is from that of the plain scan."""
    weights, prices = (jnp.asarray(x) for x in market(rows))
    ours, plain = (jax.jit(jax.value_and_grad(objective(path))) for path in (our_path, ungated_path))
    found, wanted = (np.asarray(side(weights, prices, FEE)[1]) for side in (ours, plain))
    sides = {
        "gradient, 30 bp": lambda: ours(weights, prices, FEE),
        "the same, jax.grad": lambda: plain(weights, prices, FEE),
    }
    return timed(sides, rounds), float(np.abs(found - wanted).max() / np.abs(wanted).max())


PEAKS = {"import": 0, "gradient": WINDOW, "ten years": 10 * YEAR}


def peak(what: str, rows: int) -> float:
    """Megabytes at the peak of a process that does one thing."""
    words = [sys.executable, __file__, "--peak", what, "--rows", str(rows)]
    return float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def do_once(what: str, rows: int) -> float:
    """Do it here, and tell this process's peak in megabytes."""
    if what == "gradient":
        weights, prices = (jnp.asarray(x) for x in market(rows))
        jax.block_until_ready(jax.jit(jax.value_and_grad(objective(our_path)))(weights, prices, FEE))
    if what == "ten years":
        weights, prices = market(rows)
        jax.block_until_ready(jax.jit(log_values)(jnp.asarray(weights), jnp.asarray(prices)))
    # of this program alone: what getrusage tells begins with the peak of the one that started it
    status = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def lines(rows: int, rounds: int) -> list[str]:
    """The table: what was measured, what was wanted."""
    window = min(WINDOW, rows)
    paths, (grads, distance) = forward(rows, rounds), gradients(window, rounds)
    scale = rows / YEAR
    wanted = {"values, no fee": 0.02, "reserves, 30 bp": 0.45, f"{SETS} sets, 30 bp": 2.5}
    found = [f"{'':24}{'CPU s':>9}{'wanted':>9}{'first call s':>14}"]
    for name, (first, fastest) in (paths | grads).items():
        bound = (
            wanted[name] * scale
            if name in wanted
            else (0.9 * window / WINDOW if "gradient" in name else None)
        )
        found.append(f"{name:24}{fastest:9.4f}{'' if bound is None else f'{bound:.3f}':>9}{first:14.2f}")
    ours, ungated = (paths[name][1] for name in ("reserves, 30 bp", "the same, ungated"))
    mine, plain = (grads[name][1] for name in ("gradient, 30 bp", "the same, jax.grad"))
    found.append(f"{'ungated over gated':24}{ungated / ours:9.2f}{'2':>9}")
    found.append(f"{'jax.grad over ours':24}{plain / mine:9.2f}{'4':>9}")
    found.append(f"{'gradients differ by':24}{distance:9.1e}{'1e-12':>9}")
    base = peak("import", rows)
    found.append(f"{'gradient, MB more':24}{peak('gradient', window) - base:9.0f}{'600':>9}")
    found.append(f"{'ten years, MB':24}{peak('ten years', 10 * rows):9.0f}{'2000':>9}")
    return found


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=YEAR)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peak", choices=PEAKS)
    told = parser.parse_args(words)
    with jax.enable_x64(True):
        if told.peak:
            print(do_once(told.peak, told.rows))
        else:
            print(f"{Path(__file__).stem}: {told.rows:,} minutes of 3 tokens, JAX {jax.__version__}")
            print("\n".join(lines(told.rows, told.rounds)))


if __name__ == "__main__":
    main()
