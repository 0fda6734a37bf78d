"""Write the tables and pictures of these pages from runs in a store, so that no number here is typed by hand.

    python docs/make_results.py                      # the whole published campaign, then the pages
    python docs/make_results.py --out runs routing:demo routing-budget:smoke

A run that is complete in the store is verified and used; one that is not is run first.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np

from isotherm.study.base import Study
from isotherm.study.presets import build_config
from isotherm.study.registry import find_study
from isotherm.study.report.html import command_of
from isotherm.study.run.runner import run
from isotherm.study.run.session import Run
from isotherm.study.tables import Table, to_markdown

DOCS = Path(__file__).parent
PUBLISHED = (
    "routing:published",
    "routing:distance",
    "routing-ablation:published",
    "routing-budget:published",
    "routing-beta:published",
    "routing-generative:published",
    "routing-structure:published",
    "routing-replay:published",
    "routing-replay:two",
    "routing-replay:three",
    "sampler-check:published",
    "boltzmann:published",
    "digits:published",
    "digits:better",
    "xy:published",
    "ising:published",
    "potts:published",
    "phase-diagrams:published",
    "tilt:published",
    "tilt:multivariate",
    "tilt:mixture",
    "gridworld:published",
    "choices:published",
    "backtest:published",
    "train:published",
    "train:ether",
    "walk-forward:published",
    "walk-forward:months",
    "tune:published",
    "ensemble:published",
    "pool-flow:published",
    "pool-routing:published",
)
PAGES_OF_PRESETS = {"distance", "two", "three", "better", "multivariate", "mixture", "ether", "months"}
"""Presets with a page of their own beside the published one."""

NUM_STEPS = 10_000
GROUPS = (
    (5, 1, 0.4, 0.4, 0.8, 1),
    (6, 2, 0.5, -0.3, 0.2, 1),
    *((9, 3, 0.6, -0.15, 0.3, k) for k in (1, 2, 3)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("jobs", nargs="*", default=PUBLISHED, metavar="STUDY:PRESET")
    parser.add_argument("--out", type=Path, default=Path("runs"), metavar="DIR", help="the store of runs")
    arguments = parser.parse_args()
    (DOCS / "generated").mkdir(exist_ok=True)
    (DOCS / "images").mkdir(exist_ok=True)
    for page, tables in (("exact-winners", winner_tables()), ("exact-worth", worth_tables())):
        (DOCS / "generated" / f"{page}.md").write_text("\n\n".join(map(to_markdown, tables)) + "\n")
    for job in arguments.jobs:
        name, _, preset = job.partition(":")
        study = find_study(name)
        done = run(study, build_config(study, preset or None), arguments.out, preset=preset)
        page = f"{name}-{preset}" if preset in PAGES_OF_PRESETS else name
        (DOCS / "generated" / f"{page}.md").write_text(results_page(study, done))
        copy_figures(page, done)


def copy_figures(page_name: str, done: Run) -> None:
    """The figures of a run that some page shows."""
    pages = [DOCS.parent / "README.md", *DOCS.glob("*.md")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    figures = done.path / "figures"
    for figure in sorted([*figures.glob("*.png"), *figures.glob("*.gif")]):
        name = f"{page_name}-{figure.name}"
        if f"images/{name}" in text:
            shutil.copyfile(figure, DOCS / "images" / name)


def results_page(study: Study, done: Run) -> str:
    """Where the numbers come from, then the tables."""
    command = " ".join(command_of(done.study.name, done.config.settings(), build_config(study)))
    source = f"Written by `{command}`, run `{done.path.name}`."
    tables = [to_markdown(table) for table in study.tables(done.config, done.metrics)]
    return "\n\n".join([f"*{source}*", *tables]) + "\n"


def winner_tables() -> list[Table]:
    """By enumeration: who wins how often, and the regret of an agent that knows it."""
    from isotherm.world.routing.venues import venue_market, win_probabilities

    biases = np.linspace(0.8, -0.8, 5)
    wins = {w: win_probabilities(venue_market(biases, np.array(w)))[0] for w in (0.0, 0.4)}
    who = tuple((f"w = {w}", *(f"{p:.4f}" for p in row)) for w, row in wins.items())
    floors = []
    for title, phases in (
        ("IID", [wins[0.0]]),
        ("Correlated", [wins[0.4]]),
        ("Regime shift", [wins[0.4], wins[0.4][::-1]]),
    ):
        regret = NUM_STEPS * np.array([[_floor(p, venue) for venue in range(5)] for p in phases]).mean(axis=0)
        floors.append((title, f"{regret[0]:.1f}", f"{regret.mean():.1f}"))
    note = "by enumeration of all states"
    return [
        Table("P(best = i)", ("coupling", *(f"venue {i}" for i in range(5))), who, note),
        Table(
            f"Expected regret of the floor over {NUM_STEPS:,} orders",
            ("scenario", "fixed context", "random context"),
            tuple(floors),
            note,
        ),
    ]


def worth_tables() -> list[Table]:
    """By enumeration: the best route with and without the context, where venues have outcomes of their own."""
    from isotherm.world.routing.venues import grouped_couplings, venue_market, worth_of_context

    rows = []
    for n, g, inside, across, bias, k in GROUPS:
        couplings = grouped_couplings(n, g, inside, across)
        market = venue_market(np.linspace(bias, -bias, n), couplings, num_context=k, outcome="own")
        blind, looking = worth_of_context(market)
        lost = f"{2 * NUM_STEPS * (looking - blind):,.0f}"
        rows.append((n, g, inside, across, bias, k, f"{blind:.4f}", f"{looking:.4f}", lost))
    columns = ("N", "groups", "inside", "across", "bias", "K", "context ignored", "context used", "regret")
    note = f"by enumeration of all states; regret of ignoring the context, over {NUM_STEPS:,} orders"
    return [Table("Success of the best route", columns, tuple(rows), note)]


def _floor(win_probability: np.ndarray, context: int) -> float:
    """Expected regret of one order of an agent that knows who wins how often."""
    others = np.delete(win_probability, context)
    return 2 * float(others.sum() - others.max())


if __name__ == "__main__":
    main()
