"""The benchmark of training measures what its rows say, and prints what was wanted beside it."""

import pytest
from benchmarks import market_training
from benchmarks.market_training import IMPORT, STEPS, WINDOW, alone, lines, problem

MINUTES = 5760


@pytest.mark.parametrize("name", STEPS)
def test_a_row_is_of_the_step_that_it_names(name: str) -> None:
    step, built = STEPS[name], problem(STEPS[name], MINUTES)
    sets, windows = (int(word.rstrip(",")) for word in name.split()[:3:2])
    assert {len(value) for value in built.params.values()} == {sets}
    assert (step.sets, step.windows, built.draws.count) == (sets, windows, windows)
    assert built.split.window - 1 == MINUTES  # rows of prices, of which the last closes the last minute
    assert (built.gradient.objective.moves is not None) == name.endswith("by days")
    assert float(built.settings["fees"]) == (0.003 if name.endswith("30 bp") else 0.0)


def test_the_table_tells_seconds_and_memory_beside_what_was_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, whose peak is not that of a step alone; by hand each step has one of its own."""
    name = "4 x 8, by days"
    measured = alone(name, MINUTES, 1)
    assert len(measured) == 4
    assert all(number > 0 for number in measured)
    told = {IMPORT: [100.0], name: [2.0, 0.01, 0.5, 350.0], market_training.WHOLE: [12.0, 9.0, 600.0]}
    monkeypatch.setattr(market_training, "apart", lambda row, minutes, rounds: told[row])
    head, step, whole = lines(WINDOW // 2, 1, [name, market_training.WHOLE])
    assert head.split("  ")[-1].strip() == "wanted"
    assert step.removeprefix(name).split() == ["0.0100", "0.5000", "0.15", "2.00", "250", "211"]
    assert whole.removeprefix(market_training.WHOLE).split() == ["9.00", "12.00", "15", "500"]
