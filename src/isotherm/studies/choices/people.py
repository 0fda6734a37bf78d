"""Recorded choices of people: the shipped prediction task, and the two-step task from a file of the user."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from isotherm.act.agent import Transition
from isotherm.act.choices.recorded import Recorded, recorded
from isotherm.errors import refusal
from isotherm.studies.choices.agents import MOST_POINTS
from isotherm.world.discrete.bandit import Trial

COLUMNS = ("subject", "trial", "start_state", "choice", "planet", "points")


def prediction() -> Recorded:
    """One sequence of 320 answers: 0 or 1, rewarded by 1 where it was right; the outcome's symbol is the same."""
    import polars as pl

    with files("isotherm.data").joinpath("binary_prediction.parquet").open("rb") as file:
        table = pl.read_parquet(file).sort("trial")
    answer, outcome = table["y"].to_numpy(), table["u"].to_numpy()
    return recorded([_trials(answer, (answer == outcome).astype(int), 1, np.zeros(len(answer), int))])


def two_step(path: str, num_people: int | None = None) -> Recorded:
    """The two-step task: actions are planets 0 and 1, contexts starts 0 and 1, symbols points 0 .. 9.

    Args:
        path: of a CSV or Parquet file with :data:`COLUMNS`.
        num_people: the first so many; all by default.

    Raises:
        ValueError: naming the file, and the column or the entry that is something else.
    """
    table = _read(path)
    for name, least, most in (("start_state", 1, 2), ("planet", 1, 2), ("points", 0, MOST_POINTS)):
        outside = table.filter(~table[name].is_between(least, most))
        if len(outside):
            raise refusal("two_step", outside[name][0], f"{name} should be within {least} .. {most}")
    people = table.sort("subject", "trial").partition_by("subject", maintain_order=True)
    if num_people is not None and len(people) < num_people:
        raise refusal("num_people", num_people, f"the file has {len(people)} people")
    if len(people) < 2:
        raise refusal("two_step", path, "should have the choices of two people or more")
    rows = []
    for one in people[:num_people]:
        numbers = {name: one[name].to_numpy().astype(int) for name in COLUMNS}
        points, context = numbers["points"], numbers["start_state"] - 1
        rows.append(_trials(numbers["planet"] - 1, points, MOST_POINTS, context))
    return recorded(rows)


def _trials(action: Any, outcome: Any, most: int, context: Any) -> Transition:
    """Trials whose outcome is a symbol, paid in proportion; host arrays, ``(steps,)``."""
    before: Any = np.concatenate([[-1], outcome[:-1]])
    shown, later = (Trial(context.astype(np.int32), seen.astype(np.int32)) for seen in (before, outcome))
    reward, no = (outcome / most).astype(np.float32), np.zeros(len(action), bool)
    return Transition(shown, action, reward, *(no, no), later)  # pyright: ignore[reportArgumentType]


def _read(path: str) -> Any:
    import polars as pl

    read = pl.read_parquet if Path(path).suffix == ".parquet" else pl.read_csv
    try:
        table = read(path)
    except Exception as error:  # polars raises what its readers do
        first = " ".join(str(error).split())[:120]
        raise refusal("two_step", path, f"cannot be read as CSV or Parquet: {first}") from None
    lacking = [name for name in COLUMNS if name not in table.columns]
    if lacking:
        raise refusal("two_step", path, f"lacks the columns {', '.join(lacking)}")
    table = table.select(COLUMNS)
    wrong = [name for name in COLUMNS if not table[name].dtype.is_integer() or table[name].null_count()]
    if wrong:
        raise refusal("two_step", path, f"{wrong[0]} should be whole numbers, none of them missing")
    return table
