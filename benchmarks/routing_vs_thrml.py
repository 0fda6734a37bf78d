"""The published router's learning loop: `thrml` against Isotherm, with Gibbs and with exact inference.

Claim: per step and seed, Isotherm is more than 40 times faster with Gibbs inference at the published budget and
more than 200 times with exact inference. The cell is the published one (correlated, fixed context, N = 5, K = 1,
50 seeds in one batch): each step runs a clamped chain to choose and a free chain to learn, 50 warm-up sweeps, then
100 samples four sweeps apart.

All sides share the world, the loop, and the update of the parameters; only the two chains differ. The thrml side
is used in the fastest way that we found: everything in one compiled loop, vectorised over seeds, its programs
built while tracing, with the learned parameters as traced arrays, never again in a step; the moments accumulated,
not the samples kept. The graph is complete, so its blocks are single spins, as in the published code.

The sides take turns, at different numbers of steps so that each turn takes seconds; compilation apart. Needs the
extra ``peers``. ``python benchmarks/routing_vs_thrml.py [ROUNDS]`` (3).
"""

import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.act import AbstractAgent, IsingRouter, Transition, rollout
from isotherm.act.routing.router import RouterState
from isotherm.energy.dense import Ising
from isotherm.learn.online.moments import PairWindow, match_moments, zero_model
from isotherm.random import run_keys
from isotherm.sample.gibbs.gibbs import Moments
from isotherm.sample.schedule import PUBLISHED
from isotherm.world.routing.context import Context, route
from isotherm.world.routing.venues import venue_market
from stopwatch import Timing, machine, paired, ratio

try:
    import thrml  # pyright: ignore[reportMissingImports]
    from thrml import models  # pyright: ignore[reportMissingImports]
except ImportError:
    sys.exit("error: thrml = not installed: pip install 'isotherm[peers]'")

N, SEEDS = 5, 50
FIRST_STEPS = 150
STEPS = {"thrml": FIRST_STEPS, "isotherm gibbs": 40 * FIRST_STEPS, "isotherm exact": 60 * FIRST_STEPS}
CLAIMS = {"isotherm gibbs": 40, "isotherm exact": 200}

NODES: list[Any] = [thrml.SpinNode() for _ in range(N)]
FIRST, SECOND = np.triu_indices(N, 1)
EDGES: list[Any] = [(NODES[i], NODES[j]) for i, j in zip(FIRST, SECOND, strict=True)]
SCHEDULE = thrml.SamplingSchedule(PUBLISHED.num_warmup, PUBLISHED.num_samples, PUBLISHED.thin)


def _spins(state: list[Any], _: Any) -> list[Any]:
    return [2 * x.astype(jnp.int8) - 1 for x in state]


ALONE = [(node,) for node in NODES]
SPINS = thrml.MomentAccumulatorObserver([ALONE], _spins)
SPINS_AND_PAIRS = thrml.MomentAccumulatorObserver([ALONE, EDGES], _spins)


class ThrmlRouter(AbstractAgent):
    """The published router for a fixed context of venue 0, its chains run by thrml."""

    def init(self, key: jax.Array) -> RouterState:
        """All parameters zero, nothing seen."""
        del key
        return RouterState(zero_model(N), PairWindow.empty(N, 200))

    def act(self, key: jax.Array, state: RouterState, observation: Context) -> tuple[jax.Array, RouterState]:
        """The venue of the largest mean in the clamped chain."""
        chain_key, tie_key = jax.random.split(key)
        (means,) = _sums(chain_key, state.model, SPINS, [(observation.outcomes > 0)])
        return route(tie_key, means / SCHEDULE.n_samples, observation.available), state

    def learn(self, key: jax.Array, state: RouterState, transition: Transition) -> RouterState:
        """One step of moment matching against the free chain."""
        seen = transition.observation.with_action(transition.action, transition.reward.astype(jnp.int8))
        observation = jnp.where(seen.mask, seen.values, 0).astype(jnp.int8)
        spins, pairs = (x / SCHEDULE.n_samples for x in _sums(key, state.model, SPINS_AND_PAIRS, []))
        upper = jnp.zeros((N, N)).at[FIRST, SECOND].set(pairs)
        window = state.window.push(observation)
        moments = Moments(spins, upper + upper.T + jnp.eye(N))
        return RouterState(match_moments(state.model, 1.0, observation, window, moments), window)


def _sums(key: jax.Array, model: Ising, observer: Any, clamped: list[jax.Array]) -> list[jax.Array]:
    """Sums over the samples of one chain; the first spins are clamped."""
    init_key, chain_key = jax.random.split(key)
    weights = model.couplings[FIRST, SECOND]
    ebm = models.IsingEBM(NODES, EDGES, model.biases, weights, jnp.array(1.0))
    held = [thrml.Block([node]) for node in NODES[: len(clamped)]]
    free = [thrml.Block([node]) for node in NODES[len(clamped) :]]
    program = models.IsingSamplingProgram(ebm, list(free), held)
    up = jax.random.bernoulli(init_key, jax.nn.sigmoid(2 * model.biases))
    start = [up[i : i + 1] for i in range(len(clamped), N)]
    return thrml.sample_with_observation(
        chain_key, program, SCHEDULE, start, clamped, observer.init(), observer
    )[0]


def main(rounds: int) -> None:
    print(f"{machine()}; thrml {getattr(thrml, '__version__', '')}\n")
    market = venue_market(np.linspace(0.8, -0.8, N), 0.4)
    agents = {
        "thrml": ThrmlRouter(),
        "isotherm gibbs": IsingRouter(N),
        "isotherm exact": IsingRouter(N, inference="exact"),
    }
    keys = run_keys(0, 0, SEEDS)
    regrets: dict[str, np.ndarray] = {}

    def side(name: str) -> jax.Array:
        regret = rollout(keys, agents[name], market, STEPS[name], STEPS[name] // FIRST_STEPS).sums["regret"]
        regrets[name] = np.asarray(regret[:, 0])
        return regret

    times = paired({name: lambda name=name: side(name) for name in agents}, rounds)
    a_step: dict[str, Timing] = {}
    for name, timing in times.items():
        a_step[name] = Timing(timing.first, [seconds / STEPS[name] for seconds in timing.later])
        rate = 1 / a_step[name].median
        print(
            f"{name:15} {STEPS[name]:6,} steps: {timing}; {rate:9,.0f} steps/s for each of {SEEDS} seeds; "
            f"regret of the first {FIRST_STEPS} {regrets[name].mean():.1f} ± {regrets[name].std() / SEEDS**0.5:.1f}"
        )
    print()
    for name, claim in CLAIMS.items():
        print(
            f"{name} is {ratio(a_step['thrml'], a_step[name]):.0f} times faster than thrml (claim: > {claim})"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
