"""Which figures the grid-world study has, and what they say."""

from collections.abc import Iterator, Mapping

import numpy as np

from isotherm.plot.figure import Animation, Figure
from isotherm.studies.gridworld import drawings
from isotherm.studies.gridworld.config import SIDE, GridworldConfig
from isotherm.studies.gridworld.film import Shot, film
from isotherm.studies.gridworld.published import mean_curve
from isotherm.studies.gridworld.results import learned_in
from isotherm.studies.gridworld.runs import divergence_of_fixed_moves, fixed_moves
from isotherm.studies.gridworld.scenarios import SCENARIOS, truth_of
from isotherm.studies.gridworld.tables import WORDS

Arrays = Mapping[str, np.ndarray]


def figures(config: GridworldConfig, arrays: Arrays) -> Iterator[Figure]:
    """Of each scenario its curves and maps; then exploration, and total variation."""
    for scenario in config.scenarios:
        yield curves(config, scenario, arrays)
        yield learned_maps(config, scenario, arrays)
        if scenario >= 4:
            yield fixed_maps(config, scenario)
    yield exploration(config, arrays)
    yield distances(config, arrays)


def by_alpha(config: GridworldConfig, values: np.ndarray) -> dict[float, np.ndarray]:
    """Values of agents by block, by alpha."""
    return dict(zip(config.alphas, values, strict=True))


def curves(config: GridworldConfig, scenario: int, arrays: Arrays) -> Figure:
    """Divergence against blocks; in scenarios 4 to 6 that of the fixed B beside it."""
    learned = learned_in(scenario)
    kl = arrays[f"{scenario}/kl"]
    panels = {f"{learned} matrix": by_alpha(config, kl)}
    known = {}
    if config.is_published:
        known = {f"{learned} matrix": {a: mean_curve(scenario, a, learned) for a in config.alphas}}
    if scenario >= 4:
        fixed = np.full(kl.shape[1:], divergence_of_fixed_moves(scenario))
        panels["B matrix"] = dict.fromkeys(config.alphas, fixed)
    caption = (
        f"Scenario {scenario}, {WORDS[scenario]}: divergence of what agents have learned from the truth after each "
        "block, in nats; thick the mean, thin each agent"
    )
    caption += ", dotted the published mean." if known else "."
    if scenario >= 4:
        caption += " B is not learned, and alpha changes nothing: the lines of A lie on each other."
    return drawings.divergences(f"scenario-{scenario}-kl", caption, panels, known)


def learned_maps(config: GridworldConfig, scenario: int, arrays: Arrays) -> Figure:
    """What agents have learned at the end, beside the truth."""
    learned, laws = learned_in(scenario), arrays[f"{scenario}/learned"]
    truth = truth_of(learned)
    if learned == "B":
        rows = {
            f"α={alpha:.2f}": [laws[a, 0, :, :, move] for move in range(4)]
            for a, alpha in enumerate(config.alphas)
        }
        rows["true B"] = [truth[:, :, move] for move in range(4)]
        caption = (
            "Scenario 1: expected next cell (down) given the cell (across) for each move, of the first agent."
        )
        return drawings.maps("scenario-1-map", caption, rows, drawings.MOVES)
    shown = laws.shape[1]
    rows = {f"α={alpha:.2f}": list(laws[a]) for a, alpha in enumerate(config.alphas)}
    rows["true A"] = [truth] * shown
    columns = [f"batch={i + 1}" for i in range(shown)]
    caption = f"Scenario {scenario}: expected cell seen (down) given the cell (across), of the first {shown} agents."
    return drawings.maps(f"scenario-{scenario}-map", caption, rows, columns)


def fixed_maps(config: GridworldConfig, scenario: int) -> Figure:
    """What agents of scenarios 4 to 6 believe of moves, which they do not learn."""
    law, truth = fixed_moves(scenario), truth_of("B")
    rows = {f"α={alpha:.2f}": [law[:, :, move] for move in range(4)] for alpha in config.alphas}
    rows["true B"] = [truth[:, :, move] for move in range(4)]
    moves = SCENARIOS[scenario].moves
    caption = f"Scenario {scenario}: what agents believe of moves, {moves} and fixed, and the truth."
    return drawings.maps(f"scenario-{scenario}-moves", caption, rows, drawings.MOVES)


def exploration(config: GridworldConfig, arrays: Arrays) -> Figure:
    """Entropy of policies and cells visited, by block."""
    rows = {
        f"scenario {s}": {
            "entropy of policies": by_alpha(config, arrays[f"{s}/entropy"]),
            "cells visited": by_alpha(config, arrays[f"{s}/visited"]),
        }
        for s in config.scenarios
    }
    caption = (
        "Left: entropy of the law of policies, in nats, mean over the steps of a block. Right: cells of 49 visited "
        "in a block. Means over agents."
    )
    return drawings.exploration("exploration", caption, rows)


def distances(config: GridworldConfig, arrays: Arrays) -> Figure:
    """Total variation, which is bounded, beside the divergence."""
    rows = {
        f"scenario {s}": {
            "total variation": by_alpha(config, arrays[f"{s}/tv"]),
            "KL divergence": by_alpha(config, arrays[f"{s}/kl"]),
        }
        for s in config.scenarios
    }
    caption = (
        "Left: total variation between what is expected and the truth, mean over columns, 0 to 1. Right: divergence "
        "in nats, which counts how sure the agent is as well. Means over agents."
    )
    return drawings.exploration("distances", caption, rows)


def film_of(config: GridworldConfig, scenario: int, arrays: Arrays) -> Animation:
    """One agent in its first, a middle and its last block."""
    part = {name: arrays[f"{scenario}/film_{name}"] for name in ("block", "belief", "cell", "action", "law")}
    shots, maps = [], []
    for i, block in enumerate(part["block"]):
        visits = np.zeros(SIDE * SIDE)
        for step, (belief, cell, action) in enumerate(
            zip(part["belief"][i], part["cell"][i], part["action"][i], strict=True)
        ):
            visits[cell] += 1
            shape = (SIDE, SIDE)
            shots.append(
                Shot(
                    int(block) + 1,
                    step + 1,
                    belief.reshape(shape),
                    int(cell),
                    int(action),
                    visits.reshape(shape).copy(),
                )
            )
            maps.append(part["law"][i])
    caption = (
        f"An agent of scenario {scenario}, alpha {config.alphas[-1]:g}, in blocks "
        f"{', '.join(str(int(b) + 1) for b in part['block'])}: where it believes to be (blue) and is (dot, with its "
        "next move), where it has been in the block, and the law it has learned by then."
    )
    return film("film", caption, shots, np.stack(maps))
