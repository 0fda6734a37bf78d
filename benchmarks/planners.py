"""What a planning budget buys: regret of planners against the best that can be done from a belief.

Claims: on 20 random small models with hidden states, sophisticated inference that prunes nothing, with a large
``gamma``, loses at most 1e-6 nats; Monte Carlo search with 2,000 simulations at most 0.02 nats on average.

Regret: each planner makes its first choice at the model's ``D``. What that choice is worth if all later ones are
the best, log-preferences plus information gain by :func:`isotherm.exact.beliefs.belief_optimum`, is compared with the
best choice. Factors are joined into one, so that beliefs are exact; but for the row that says otherwise.

``python benchmarks/planners.py`` prints the table. Each time is the CPU time of one plan, a batch of models planned
at once, compilation not counted. ``--models 100`` judges by as many of each kind, for smaller errors; ``--docs`` also
writes the table and the figure of the page "What a planning budget buys".
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.act.inference.agent import ActiveInference
from isotherm.act.inference.sampling.planner import PolicySampling
from isotherm.act.inference.search.exhaustive import Exhaustive
from isotherm.act.inference.search.sophisticated import Sophisticated
from isotherm.act.inference.search.tree import MonteCarlo
from isotherm.energy.hidden.joined import joined
from isotherm.energy.hidden.model import GenerativeModel, generative_model
from isotherm.exact.beliefs import belief_optimum
from isotherm.plot.style import WIDTH, looks, number, styled
from isotherm.study.tables import Estimate, Table, to_markdown
from isotherm.world import simplified_t_maze

DOCS = Path(__file__).parents[1] / "docs"

SHARP = 1e7
"""A ``gamma`` at which later choices are the best ones, to within 1e-6 nats."""

SPREAD = 0.3
"""Dirichlet count of every entry of random laws: below 1, so that few of a column's entries are large."""

NEAR = 1e-3
"""Nats: below, the axis of regrets is linear, so that 0 has a place."""

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


def random_sets(count: int = 20) -> tuple[Problems, ...]:
    """Random models, a quarter of each shape."""
    each = count // 4
    return (
        random_problems((2,), (2,), (2,), 3, each),
        random_problems((3,), (3,), (2,), 3, each),
        random_problems((4,), (3,), (3,), 2, each),
        random_problems((2, 2), (2, 3), (3, 1), 3, each),
    )


def cue_sets(count: int = 20) -> tuple[Problems, ...]:
    """Cue tasks, half of them of two steps and half of three."""
    return cue_problems(2, count // 2), cue_problems(3, count // 2)


class Rival(NamedTuple):
    """A planner at one budget.

    Attributes:
        told: what an agent is told, given the horizon.
        family: the line of the figure that it belongs to, its points in the order of rivals; None: not drawn.
        is_joined: whether its factors are joined.
    """

    told: Callable[[int], dict[str, Any]]
    family: str | None = None
    is_joined: bool = True


def unpruned(horizon: int, max_nodes: int = 10_000) -> Sophisticated:
    """Sophisticated inference that looks at everything."""
    return Sophisticated(
        horizon,
        max_nodes=max_nodes,
        max_branching=16,
        policy_prune_threshold=0.0,
        observation_prune_threshold=0.0,
        entropy_stop_threshold=-1.0,
    )


def searching(planner: Callable[[int], Any], gamma: float, family: str | None = None) -> Rival:
    """A planner made for the horizon, its choices at ``gamma``."""
    return Rival(lambda horizon: {"planner": planner(horizon), "gamma": gamma}, family)


EACH, GROWN, CARLO = "policies", "`Sophisticated`, unpruned", "`MonteCarlo`"
SIMULATIONS = (10, 50, 200, 500, 2000)

RIVALS = {
    "a choice at random": Rival(lambda _: {"gamma": 0.0, "action_selection": "stochastic"}),
    "policies of 1 step": Rival(lambda _: {"policy_len": 1}, EACH),
    "policies of all steps": Rival(lambda horizon: {"policy_len": horizon}, EACH),
    "`PolicySampling`, the best": searching(lambda horizon: PolicySampling(horizon, follow="best"), 1.0),
    "`Sophisticated`, defaults, gamma 1": searching(Sophisticated, 1.0),
    "`Sophisticated`, defaults, gamma 16": searching(Sophisticated, 16.0),
    "`Sophisticated`, unpruned, gamma 1": searching(unpruned, 1.0),
    "the same, gamma 1e7, 60 nodes": searching(lambda horizon: unpruned(horizon, 60), SHARP, GROWN),
    "the same, gamma 1e7, 400 nodes": searching(lambda horizon: unpruned(horizon, 400), SHARP, GROWN),
    "`Sophisticated`, unpruned, gamma 1e7": searching(unpruned, SHARP, GROWN),
    "`Exhaustive`, gamma 1e7": searching(Exhaustive, SHARP, "`Exhaustive`"),
    "the same, factors apart": searching(Exhaustive, SHARP)._replace(is_joined=False),
} | {
    f"`MonteCarlo`, {count} simulations": searching(
        lambda horizon, count=count: MonteCarlo(count, horizon), 1.0, CARLO
    )
    for count in SIMULATIONS
}


def laws(rival: Rival, problems: Problems, rounds: int = 0) -> tuple[np.ndarray, float]:
    """Of each model the law of the first choice, and CPU seconds of a plan: the least of some rounds."""
    models = joined(problems.models) if rival.is_joined else problems.models
    agents = ActiveInference(models, **rival.told(problems.horizon))
    unseen = (jnp.int32(-1),) * len(models.A)
    act = jax.jit(jax.vmap(lambda agent: jnp.exp(agent.law(agent.init(KEY), unseen)[0])))
    found = np.asarray(act(agents))
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        jax.block_until_ready(act(agents))
        seconds.append((time.process_time() - start) / problems.num_models)
    return found, min(seconds, default=np.nan)


def losses(problems: Problems) -> np.ndarray:
    """Of each model and first choice, how much less it is worth than the best one, ``(models, choices)``."""
    each = [jax.tree.map(lambda leaf, i=i: leaf[i], problems.models) for i in range(problems.num_models)]
    values = np.stack([belief_optimum(model, problems.horizon).values for model in each])
    return values.max(1, keepdims=True) - values


class Judged(NamedTuple):
    """A rival on one kind of models: mean regret in nats, share of best choices, milliseconds of a plan."""

    regret: Estimate
    best: float
    milliseconds: float


def judged(rival: Rival, sets: Sequence[Problems], lost: Sequence[np.ndarray], rounds: int) -> Judged:
    """Regret and time over all models of some sets, each with the losses of its choices."""
    each = [laws(rival, problems, rounds) for problems in sets]
    pairs = [(law, loss) for (law, _), loss in zip(each, lost, strict=True)]
    regret = np.concatenate([(law * loss).sum(1) for law, loss in pairs])
    best = np.concatenate([(law * (loss <= 1e-6)).sum(1) for law, loss in pairs])
    milliseconds = 1e3 * float(np.mean([seconds for _, seconds in each]))
    return Judged(Estimate.of(regret), float(best.mean()), milliseconds)


Results = dict[str, dict[str, Judged]]
"""By kind of models, then by rival."""


def measured(count: int = 20, rounds: int = 3) -> Results:
    """Every rival on as many models of each kind."""
    results: Results = {}
    for kind, sets in (("random models", random_sets(count)), ("cue tasks", cue_sets(count))):
        lost = list(map(losses, sets))
        results[kind] = {name: judged(rival, sets, lost, rounds) for name, rival in RIVALS.items()}
    return results


def table(results: Results) -> Table:
    """Regret and time of every planner over all models."""
    columns, rows = ["planner"], {name: [name] for name in RIVALS}
    for kind, found in results.items():
        columns += [f"{kind}: regret", "best found", "ms a plan"]
        for name, row in rows.items():
            regret, best, milliseconds = found[name]
            row += [f"{regret.mean:.4f} ± {regret.se:.4f}", f"{best:.0%}", in_two_digits(milliseconds)]
    count = next(iter(results["cue tasks"].values())).regret.n
    note = f"regret in nats, mean ± standard error over {count} models of each kind, float64; CPU time of one core"
    return Table("What a planning budget buys", tuple(columns), tuple(map(tuple, rows.values())), note)


def in_two_digits(value: float) -> str:
    """Two digits that count, without a power of ten."""
    return f"{float(f'{value:.1e}'):g}"


@styled
def figure(results: Results) -> Any:
    """Regret over milliseconds of a plan, a panel each kind of models, a line each family."""
    import matplotlib.pyplot as plt

    canvas, panels = plt.subplots(1, len(results), figsize=(WIDTH, 3.8), sharey=True, layout="constrained")
    families = list({rival.family: None for rival in RIVALS.values() if rival.family})
    for axes, (kind, found) in zip(panels, results.items(), strict=True):
        for family, look in looks(families).items():
            points = [found[name] for name, rival in RIVALS.items() if rival.family == family]
            axes.errorbar(
                [point.milliseconds for point in points],
                [point.regret.mean for point in points],
                np.transpose(
                    [(min(regret.se or 0.0, regret.mean), regret.se or 0.0) for regret, *_ in points]
                ),
                label=family.replace("`", ""),
                color=look.colour,
                marker=look.marker,
                capsize=2.5,
                clip_on=False,
            )
        axes.set(xscale="log", xlabel="milliseconds a plan", title=kind)
        axes.set_yscale("symlog", linthresh=NEAR, linscale=0.5)
        axes.set_ylim(0, 2)
        axes.set_yticks([0, 1e-3, 1e-2, 0.1, 1])
        axes.minorticks_off()
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(number)
    panels[0].set_ylabel("regret, nats")
    panels[1].legend(loc="upper right")
    return canvas


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What a planning budget buys.")
    parser.add_argument("--models", type=int, default=20, help="of each kind, a multiple of 4")
    parser.add_argument("--docs", action="store_true", help="write the table and the figure of the page")
    told = parser.parse_args()
    if told.models < 4 or told.models % 4:
        parser.error(f"--models = {told.models}: should be a multiple of 4, at least 4")
    print(f"JAX {jax.__version__}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}\n")
    with jax.enable_x64(True):
        results = measured(told.models)
    page = to_markdown(table(results))
    print(page)
    if told.docs:
        command = f"python benchmarks/planners.py --models {told.models} --docs"
        (DOCS / "generated" / "planners.md").write_text(f"*Written by `{command}`.*\n\n{page}\n")
        figure(results).savefig(DOCS / "images" / "planners-regret.png", dpi=160)


if __name__ == "__main__":
    main()
