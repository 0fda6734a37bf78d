"""What a planning budget buys: regret of planners against the best that can be done from a belief.

Claims: on 20 random small models with hidden states, sophisticated inference that prunes nothing, with a large
``gamma``, loses at most 1e-6 nats; Monte Carlo search with 2,000 simulations at most 0.02 nats on average.

Regret: each planner makes its first choice at the model's ``D``. What that choice is worth if all later ones are
the best, log-preferences plus information gain by :func:`isotherm.exact.beliefs.belief_optimum`, is compared with the
best choice. Factors are joined into one, so that beliefs are exact; but for the row that says otherwise.

``python benchmarks/planners.py`` prints the table. Each time is the CPU time of one plan, a batch of models planned
at once, compilation not counted.
"""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.act.inference.agent import ActiveInference
from isotherm.act.inference.search.exhaustive import Exhaustive
from isotherm.act.inference.search.sophisticated import Sophisticated
from isotherm.act.inference.search.tree import MonteCarlo
from isotherm.energy.hidden.joined import joined
from isotherm.energy.hidden.model import GenerativeModel, generative_model
from isotherm.exact.beliefs import belief_optimum
from isotherm.study.tables import Estimate, Table
from isotherm.world import simplified_t_maze

SHARP = 1e7
"""A ``gamma`` at which later choices are the best ones, to within 1e-6 nats."""

SPREAD = 0.3
"""Dirichlet count of every entry of random laws: below 1, so that few of a column's entries are large."""

KEY = jax.random.key(0)


class Problems(NamedTuple):
    """A batch of models of one shape, and the steps that are planned."""

    models: GenerativeModel
    horizon: int

    @property
    def num_models(self) -> int:
        """Number of models."""
        return self.models.D[0].shape[0]


def random_problems(
    num_states: tuple[int, ...],
    num_obs: tuple[int, ...],
    num_controls: tuple[int, ...],
    horizon: int,
    count: int = 5,
) -> Problems:
    """Columns of A, B and D drawn from a Dirichlet law, log-preferences from a normal one of deviation 1.

    Args:
        num_states: of each factor.
        num_obs: of each modality, which depends on all factors.
        num_controls: of each factor's own control.
        horizon: steps.
        count: of models.
    """
    rng = np.random.default_rng([*num_states, *num_obs, horizon])

    def columns(size: int, *rest: int) -> np.ndarray:
        return np.moveaxis(rng.dirichlet(np.full(size, SPREAD), (count, *rest)), -1, 1)

    models = generative_model(
        [columns(size, *num_states) for size in num_obs],
        [columns(size, size, choices) for size, choices in zip(num_states, num_controls, strict=True)],
        [rng.normal(size=(count, size)) for size in num_obs],
        [columns(size) for size in num_states],
        batch_size=count,
    )
    return Problems(models, horizon)


def cue_problems(horizon: int, count: int = 10) -> Problems:
    """T-mazes of four places, the reward's side hidden: cues, preferences and how likely each side is are random."""
    rng = np.random.default_rng(horizon)
    models = []
    for _ in range(count):
        maze = simplified_t_maze(cue_validity=rng.uniform(0.6, 1), dependent_outcomes=True).model
        C = jnp.array([0.0, rng.uniform(0.5, 3), -rng.uniform(0.5, 6)], maze.D[0].dtype)
        side = rng.uniform(0.2, 0.8)
        D = jnp.array([side, 1 - side], maze.D[0].dtype)
        models.append(replace(maze, C=(jnp.zeros_like(maze.C[0]), C), D=(maze.D[0], D)))
    return Problems(jax.tree.map(lambda *leaves: jnp.stack(leaves), *models), horizon)


def random_sets() -> tuple[Problems, ...]:
    """The 20 random models, five of a shape."""
    return (
        random_problems((2,), (2,), (2,), 3),
        random_problems((3,), (3,), (2,), 3),
        random_problems((4,), (3,), (3,), 2),
        random_problems((2, 2), (2, 3), (3, 1), 3),
    )


def cue_sets() -> tuple[Problems, ...]:
    """The 20 cue tasks."""
    return cue_problems(2), cue_problems(3)


class Rival(NamedTuple):
    """A planner: what an agent is told, given the horizon; whether its factors are joined."""

    told: Callable[[int], dict[str, Any]]
    is_joined: bool = True


def unpruned(horizon: int) -> Sophisticated:
    """Sophisticated inference that looks at everything."""
    return Sophisticated(
        horizon,
        max_nodes=10_000,
        max_branching=16,
        policy_prune_threshold=0.0,
        observation_prune_threshold=0.0,
        entropy_stop_threshold=-1.0,
    )


RIVALS = {
    "policies of 1 step": Rival(lambda _: {"policy_len": 1}),
    "policies of all steps": Rival(lambda horizon: {"policy_len": horizon}),
    "`Sophisticated`, defaults, gamma 1": Rival(lambda horizon: {"planner": Sophisticated(horizon)}),
    "`Sophisticated`, defaults, gamma 16": Rival(
        lambda horizon: {"planner": Sophisticated(horizon), "gamma": 16.0}
    ),
    "`Sophisticated`, unpruned, gamma 1": Rival(lambda horizon: {"planner": unpruned(horizon)}),
    "`Sophisticated`, unpruned, gamma 1e7": Rival(
        lambda horizon: {"planner": unpruned(horizon), "gamma": SHARP}
    ),
    "`Exhaustive`, gamma 1e7": Rival(lambda horizon: {"planner": Exhaustive(horizon), "gamma": SHARP}),
    "the same, factors apart": Rival(
        lambda horizon: {"planner": Exhaustive(horizon), "gamma": SHARP}, is_joined=False
    ),
    "`MonteCarlo`, 50 simulations": Rival(lambda horizon: {"planner": MonteCarlo(50, horizon)}),
    "`MonteCarlo`, 500 simulations": Rival(lambda horizon: {"planner": MonteCarlo(500, horizon)}),
    "`MonteCarlo`, 2000 simulations": Rival(lambda horizon: {"planner": MonteCarlo(2000, horizon)}),
}


def judged(rival: Rival, problems: Problems, rounds: int = 0) -> tuple[np.ndarray, float]:
    """Regret of each model, and CPU seconds of a plan: the least of some rounds."""
    models = joined(problems.models) if rival.is_joined else problems.models
    agents = ActiveInference(models, **rival.told(problems.horizon))
    unseen = (jnp.int32(-1),) * len(models.A)
    act = jax.jit(jax.vmap(lambda agent: jnp.argmax(agent.law(agent.init(KEY), unseen)[0])))
    actions = np.asarray(act(agents))
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        jax.block_until_ready(act(agents))
        seconds.append((time.process_time() - start) / problems.num_models)
    regret = [
        belief_optimum(jax.tree.map(lambda leaf, i=i: leaf[i], problems.models), problems.horizon).regret(
            action
        )
        for i, action in enumerate(actions)
    ]
    return np.array(regret), min(seconds, default=np.nan)


def table(rounds: int = 3) -> Table:
    """Regret and time of every planner over all models."""
    columns = ["planner"]
    rows = [[name] for name in RIVALS]
    for kind, sets in (("random models", random_sets()), ("cue tasks", cue_sets())):
        columns += [f"{kind}: regret", "best found", "ms a plan"]
        for row, rival in zip(rows, RIVALS.values(), strict=True):
            each = [judged(rival, problems, rounds) for problems in sets]
            regret = np.concatenate([found for found, _ in each])
            found = Estimate.of(regret)
            milliseconds = 1e3 * np.mean([seconds for _, seconds in each])
            row += [
                f"{found.mean:.5f} ± {found.se:.5f}",
                f"{(regret <= 1e-6).mean():.0%}",
                f"{milliseconds:.2g}",
            ]
    note = "regret in nats, mean ± standard error over 20 models of each kind, float64; CPU time of one core"
    return Table("What a planning budget buys", tuple(columns), tuple(map(tuple, rows)), note)


def main() -> None:
    """Print the table."""
    from isotherm.study.tables import to_markdown

    print(f"JAX {jax.__version__}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}\n")
    with jax.enable_x64(True):
        print(to_markdown(table()))


if __name__ == "__main__":
    main()
