"""What sampled policies cost, and how near their law is to enumeration.

    python benchmarks/planning_by_sampling.py

First the total variation from the law of all 4,096 policies of a random model, by the number of sweeps before each
draw, beside that of as many independent draws. Then CPU seconds of a whole call, compiled, for horizons of a grid of
25 cells and four choices, whose policies number 4,096 to 1e12, held against dynamic programming.
"""

import functools
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from isotherm.act import ActiveInference, sampled_policies
from isotherm.act.inference.free_energy import policy_scores
from isotherm.act.inference.policies import enumerated_policies
from isotherm.energy import GenerativeModel, generative_model
from isotherm.exact import soft_backward
from isotherm.world import grid_world
from stopwatch import machine

CHAINS, DRAWS = 256, 32
HORIZONS = (6, 9, 12, 20)


def random_model(states: int = 4, moves: int = 4) -> GenerativeModel:
    rng = np.random.default_rng(0)
    A = np.moveaxis(rng.dirichlet(np.ones(states), states), -1, 0)
    B = np.moveaxis(rng.dirichlet(np.ones(states) / 2, (states, moves)), -1, 0)
    return generative_model([A], [B], [rng.normal(size=states)])


def total_variation(counts: np.ndarray, law: np.ndarray) -> float:
    return 0.5 * float(np.abs(counts / counts.sum() - law).sum())


def by_sweeps(gamma: float = 4.0, steps: int = 6) -> None:
    """Total variation, thinned ever more."""
    model = random_model()
    agent = ActiveInference(model, gamma=gamma)
    mind = agent.init(jax.random.key(0))
    tree = enumerated_policies(model.num_controls, model.B_action_dependencies, steps)
    neg_efe = np.asarray(policy_scores(agent.worth, tree, mind.beliefs).neg_efe, np.float64)
    law = np.exp(gamma * neg_efe - np.logaddexp.reduce(gamma * neg_efe))
    rng, count = np.random.default_rng(1), CHAINS * DRAWS
    noise = np.mean([total_variation(rng.multinomial(count, law), law) for _ in range(100)])
    print(f"{tree.num_policies:,} policies, {count:,} draws; independent draws: {noise:.4f}")
    for thin in (1, 2, 4, 8):
        found = sampled_policies(
            jax.random.key(2),
            agent.problem(mind),
            mind.beliefs,
            steps,
            num_chains=CHAINS,
            num_warmup=4 * thin,
            num_samples=DRAWS,
            thin=thin,
            ladder=3,
            num_particles=2,
            num_steps=2,
        )
        numbers = np.ravel_multi_index(tuple(np.moveaxis(np.asarray(found.policies), -1, 0)), (4,) * steps)
        apart = total_variation(np.bincount(numbers.ravel(), minlength=len(law)), law)
        print(f"  {thin} sweeps a draw: {apart:.4f}, {apart / noise:.2f} times; ess {found.ess:.0f}")


def cpu(call: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of a call, and what it returns."""
    start = time.process_time()
    found = jax.block_until_ready(call())
    return time.process_time() - start, found


def by_horizon(gamma: float = 1.0) -> None:
    grid = grid_world((5, 5), walls=[(1, 1), (2, 3)], initial_position=(0, 0), include_stay=False).model
    utility = np.random.default_rng(0).normal(size=25)
    model = generative_model(grid.A, grid.B, [utility], grid.D)
    agent = ActiveInference(model, gamma=gamma, use_states_info_gain=False)
    mind = agent.init(jax.random.key(0))
    moves = np.asarray(model.B[0]).argmax(0)
    for steps in HORIZONS:
        problem, beliefs = agent.problem(mind), mind.beliefs
        plan = functools.partial(sampled_policies, problem=problem, beliefs=beliefs, policy_len=steps)
        first, _ = cpu(lambda plan=plan: plan(jax.random.key(0)))  # compiles
        seconds, found = cpu(lambda plan=plan: plan(jax.random.key(1)))
        exact = soft_backward(moves, utility[moves], 0, steps, gamma=gamma)
        z = float((found.log_z.value - exact.log_z) / found.log_z.error)
        gap = float(exact.best_log_weight / gamma - found.best_neg_efe)
        law = np.exp(found.log_actions) - np.exp(exact.log_laws[0, 0])
        print(
            f"  H = {steps}: {4.0**steps:.1e} policies, {seconds:.1f} s ({first:.0f} s the first time); "
            f"log Z off by {z:+.1f} of its errors of {float(found.log_z.error):.2g}, "
            f"best policy {gap:.4f} nats below the optimum, first choice off by {np.abs(law).max():.3f}, "
            f"rhat {found.rhat:.3f}"
        )


def main() -> None:
    print(machine())
    print("Total variation from enumeration")
    by_sweeps()
    print("CPU seconds of sampled_policies with its defaults")
    by_horizon()


if __name__ == "__main__":
    main()
