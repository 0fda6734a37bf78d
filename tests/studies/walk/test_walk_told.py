"""Sentences, tables and figures of a walk forward from hand-made results: both ways, and with little to tell."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from tests.market.walk.walk_cases import record
from tests.support.told import cells, series

from isotherm.market.objectives.significance import annual_sharpe
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.prices.clock import DAY_MS
from isotherm.market.walk.cycles import WalkCycle
from isotherm.market.walk.regimes import MarketRegime
from isotherm.market.walk.tested import METRICS, CycleRecord
from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, INK
from isotherm.studies.walk import drawings
from isotherm.studies.walk.config import WalkConfig
from isotherm.studies.walk.figures import figures
from isotherm.studies.walk.kept import arrays_of, record_from
from isotherm.studies.walk.results import combined
from isotherm.studies.walk.tables import conclusions, problems, tables
from isotherm.study.base import Result

DAYS = 25
RNG = np.random.default_rng(3)
MARKET = np.exp(np.cumsum(0.02 * RNG.normal(size=(2 * DAYS + 1, 2)), axis=0))
"""Prices of two tokens at midnights of two tests."""

CHOSEN = {"epochs_trained": 6, "iteration": 4, "param_idx": 1, "judged": 8}
SETTINGS = dict(Fingerprint(tokens=["AAA", "BBB"], rule="momentum").with_defaults())


def cycle(number: int, gain: float = 0.0, **entries: Any) -> CycleRecord:
    """A cycle whose pool gains so much a day more than equal parts of its tokens, held from the first test on."""
    rows = slice(DAYS * number, DAYS * (number + 1) + 1)
    prices, ticks = MARKET[rows], np.arange(DAYS + 1)
    held = (MARKET / MARKET[0]).mean(1)[rows]
    wobble = 1e-4 * np.sin(2.0 * ticks)
    part = dict.fromkeys(METRICS, 0.5)
    own: dict[str, Any] = {
        "cycle": WalkCycle(number, "2024-01-01 00:00:00", "2024-02-01 00:00:00", *DATES[number : number + 2]),
        "params": {"log_k": np.array([1.0, 2.0 + number])},
        "in_sample": part | {"sharpe": 2.0},
        "out_of_sample": part | {"sharpe": 1.0 + number},
        "efficiency": 0.5 + 0.5 * number,
        "unix": DAY_MS * (DAYS * number + ticks),
        "prices": prices,
        "weights": np.tile([0.5 + 0.1 * number, 0.5 - 0.1 * number], (DAYS + 1, 1)),
        "value": held * np.exp(gain * ticks + wobble),
    }
    return record(number, DAYS, **own | entries)


DATES = ("1970-01-01 00:00:00", "1970-01-26 00:00:00", "1970-02-20 00:00:00")


def told(
    gain: float = 0.0,
    default: float = 0.0,
    chance: tuple[float, ...] = (),
    config: dict | None = None,
    **entries: Any,
) -> Result:
    """Of two cycles; the default pool and walks by chance gain as said over equal parts."""
    held = (MARKET / MARKET[0]).mean(1)
    ticks = np.arange(2 * DAYS + 1)

    def returns(gain: float) -> np.ndarray:
        value = held * np.exp(gain * ticks + 1e-4 * np.cos(3.0 * ticks))
        return value[1:] / value[:-1] - 1

    parts = {
        f"cycle-{i}-tested": arrays_of(cycle(i, gain, **entries), **CHOSEN)
        | {"effective/memory_days": np.array([3.0, 4.0 + i]), "effective/k": np.array([20.0, 500.0])}
        for i in range(2)
    }
    parts |= {f"chance-{i}": {"returns": returns(one)} for i, one in enumerate(chance)}
    own = WalkConfig(n_cycles=2, num_chance=len(chance), **config or {})
    return combined(own, SETTINGS, parts | {"default": {"returns": returns(default)}})


# ------------------------------------------------------------------------------
# What is kept


def test_a_record_goes_into_arrays_and_back() -> None:
    one = cycle(
        1,
        haircut=0.25,
        efficiency=np.nan,
        notes=("a note",),
        test_regime=MarketRegime("high", "bear", 1.0, -1.0),
    )
    found = record_from(arrays_of(one, **CHOSEN))
    for name, value in vars(one).items():
        assert str(getattr(found, name)) == str(value), name
    assert record_from(arrays_of(cycle(0))).haircut is None


# ------------------------------------------------------------------------------
# Numbers


def test_numbers_of_all_tests_one_after_another() -> None:
    found = told(0.001, chance=(0.0, 0.002))
    metrics, arrays = found.metrics, found.arrays
    held = (MARKET / MARKET[0]).mean(1)
    assert metrics["days"] == 2 * DAYS
    np.testing.assert_allclose(arrays["value/uniform_hodl"], held, rtol=1e-12)
    np.testing.assert_allclose(arrays["value/hodl"], held, rtol=1e-12)  # the pool begins with equal parts
    assert arrays["value/trained"][-1] == pytest.approx(
        held[-1] * np.exp(0.05 + 2e-4 * np.sin(2.0 * DAYS)), rel=1e-9
    )
    own = metrics["pools"]["trained"]
    assert own["return"] == pytest.approx(arrays["value/trained"][-1] - 1)
    assert (1 + own["a_year"]) ** (50 / 365) == pytest.approx(1 + own["return"])
    daily = np.diff(arrays["value/trained"]) / arrays["value/trained"][:-1]
    assert own["sharpe"] == pytest.approx(np.sqrt(365) * daily.mean() / daily.std())
    assert own["interval"][0] < own["sharpe"] < own["interval"][1]
    assert metrics["against"]["hodl"]["ahead"] == pytest.approx(arrays["value/trained"][-1] / held[-1] - 1)
    assert metrics["turnover"] == pytest.approx(0.1)
    assert arrays["starts"].tolist() == [0, DAYS]
    assert len(arrays["unix"]) == len(arrays["weights"]) == len(arrays["value/trained"]) == 2 * DAYS + 1
    assert arrays["weights"][DAYS - 1 : DAYS + 1, 0].tolist() == [0.5, 0.6]
    assert arrays["chance"].shape == (2, 2 * DAYS + 1)
    assert arrays["effective/memory_days"].tolist() == [[3.0, 4.0], [3.0, 5.0]]
    assert arrays["params/log_k"].tolist() == [[1.0, 2.0], [1.0, 3.0]]
    assert metrics["cycles"][1]["judged"] == 8
    assert metrics["verdict"]["worst_sharpe"] == 1.0
    assert metrics["settings"]["rule"] == "momentum"
    assert "optimisation_settings" not in metrics["settings"]


LOW, HIGH = MarketRegime("low", "bear", 0.1, -0.2), MarketRegime("high", "bull", 0.9, 0.2)


def test_numbers_of_a_cycle_are_its_own() -> None:
    first, second = told(gap=0.3, train_regime=LOW, test_regime=HIGH).metrics["cycles"]
    assert (first["inside"]["sharpe"], first["outside"]["sharpe"]) == (2.0, 1.0)
    assert (first["efficiency"], second["efficiency"], second["gap"]) == (0.5, 1.0, 0.3)
    assert (first["train_regime"], first["test_regime"]) == (["low", "bear"], ["high", "bull"])


def test_what_changes_hands_is_from_the_end_of_one_pool_to_the_begin_of_the_next() -> None:
    found = told(weights=np.linspace([0.5, 0.5], [0.9, 0.1], DAYS + 1))
    assert found.metrics["turnover"] == pytest.approx(0.4)
    assert found.arrays["weights"][-1].tolist() == [0.9, 0.1]
    assert found.arrays["unix"].tolist() == (DAY_MS * np.arange(2 * DAYS + 1)).tolist()


def test_more_trials_deflate_more_and_flat_returns_tell_nothing() -> None:
    one = told(0.01).metrics["pools"]["trained"]["deflated"]
    assert 0 < told(0.01, config={"num_trials": 100}).metrics["pools"]["trained"]["deflated"] < one
    flat = told(value=np.ones(DAYS + 1)).metrics["pools"]["trained"]
    assert (flat["sharpe"], flat["interval"], flat["deflated"], flat["return"]) == (0.0, None, None, 0.0)
    assert annual_sharpe(np.full(5, 0.01)) == 0.0


# ------------------------------------------------------------------------------
# Sentences, both ways


def test_a_walk_that_is_better() -> None:
    said = conclusions(told(0.002, chance=(0.0, 0.0, 0.004)).metrics)
    assert said[0].startswith(
        "Chosen 2 times, each time tested on days that no training saw, the pools returned **"
    )
    assert "over 50 days" in said[0]
    assert "ahead of HODL (**better**), and" in said[0]
    assert "ahead of uniform HODL (**better**)." in said[0]
    assert "ahead of the default momentum pool (**better**), which nothing chose; 1 of 3 walks" in said[1]
    assert "1.50 out of sample; the walk **is effective**." in said[2]
    assert "is 2.00 in sample" in said[2]
    assert said[-1].startswith("Between two cycles 10.0% of the value changes hands")


def test_a_walk_that_is_worse() -> None:
    low = {"sharpe": -1.0}
    part = dict.fromkeys(METRICS, 0.5)
    said = conclusions(told(-0.002, 0.001, out_of_sample=part | low, efficiency=-0.5).metrics)
    assert "behind HODL (**worse**), and" in said[0]
    assert "behind the default momentum pool (**worse**), which nothing chose." in said[1]
    assert said[2].endswith(
        "the walk **is not effective**: efficiency -0.50, below 0.5; worst Sharpe ratio -1.00, not above 0."
    )


def test_a_walk_that_cannot_be_told_from_holding() -> None:
    metrics = told().metrics
    said = conclusions(metrics)
    assert "HODL (**not to be told from it**), and" in said[0]
    assert "uniform HODL (**not to be told from it**)." in said[0]
    assert [row[3] for row in cells(tables(metrics)[1])] == ["not to be told from it"] * 3


def test_few_days_tell_nothing() -> None:
    metrics = told().metrics
    few = {name: one | {"interval": None} for name, one in metrics["against"].items()}
    said = conclusions(metrics | {"against": few})
    assert "HODL (**too few days to tell**), and" in said[0]
    assert [row[2:] for row in cells(tables(metrics | {"against": few})[1])] == [
        ["–", "too few days to tell"]
    ] * 3


def test_luck_is_told_both_ways() -> None:
    sure = conclusions(told(0.05).metrics)[3]
    assert "**is more than luck would give** (deflated Sharpe ratio 1.00, 1 trial)" in sure
    doubted = conclusions(told(-0.05, config={"num_trials": 7}).metrics)[3]
    assert "**may be luck** (deflated Sharpe ratio 0.00, 7 trials)" in doubted


def test_notes_come_last_each_once() -> None:
    said = conclusions(told(notes=("made up", "filled")).metrics)
    assert said[-2:] == ["Made up.", "Filled."]


def test_a_lost_test_is_a_fault() -> None:
    assert problems(told().metrics) == []
    lost = dict.fromkeys(METRICS, 0.5) | {"sharpe": np.nan}
    assert problems(told(out_of_sample=lost, efficiency=np.nan).metrics)[0] == (
        "the test from 1970-01-01 00:00:00 has no Sharpe ratio"
    )


def test_tables_say_what_was_counted() -> None:
    metrics = told(0.002, chance=(0.0, 0.004), config={"purge_days": 3}).metrics
    performance, ahead, verdict, cycles, settings = tables(metrics)
    assert [row[0] for row in cells(performance)] == [
        "trained, cycle by cycle",
        "default momentum",
        "HODL",
        "uniform HODL",
    ]
    assert "50 days" in performance.note
    assert [row[0] for row in cells(ahead)] == ["the default momentum pool", "HODL", "uniform HODL"]
    rows = dict(map(tuple, cells(verdict)))
    assert rows["walks by chance with a higher Sharpe ratio"] == "1 of 2"
    assert rows["share of the value exchanged between cycles"] == "+10.00%"
    assert rows["mean efficiency, of 2 cycles of 2"] == "0.75"
    assert rows["effective"] == "yes"
    assert [row[0] for row in cells(cycles)] == ["1970-01-01", "1970-01-26"]
    assert cells(cycles)[1][1:5] == ["2", "2", "1", "+50.00%"]
    assert dict(map(tuple, cells(settings)))["days left out around a test"] == "3 purged, 0 embargoed"
    assert dict(map(tuple, cells(settings)))["first training"] == "2024-01-01 to 2024-02-01"
    assert "walks by chance with a higher Sharpe ratio" in dict(map(tuple, cells(tables(told().metrics)[2])))


def test_tables_tell_each_number_in_its_place() -> None:
    shares = {"returns": 0.1, "returns_over_hodl": 0.2, "returns_over_uniform_hodl": 0.3}
    part = dict.fromkeys(METRICS, 0.5)
    metrics = told(haircut=0.25, train_regime=LOW, test_regime=HIGH).metrics
    own = metrics["pools"]["trained"]
    sharpes = [own["sharpe"], own["sharpe"] + 1, own["sharpe"] - 2, own["sharpe"] - 1]
    performance, _, verdict, *_ = tables(metrics | {"chance": {"sharpes": sharpes}})
    assert performance.rows[0][1:4] == (f"{own['return']:+.2%}", f"{own['a_year']:+.2%}", own["sharpe"])
    assert own["return"] != pytest.approx(own["a_year"], rel=1e-3)
    rows = {str(row[0]): row[1] for row in verdict.rows}
    assert rows["mean Sharpe ratio of cycles, out of sample"] == 1.5
    assert rows["its spread over cycles"] == 0.5
    assert rows["worst"] == 1.0
    assert rows["Sharpe ratio after haircuts"] == 1.25
    assert rows["walks by chance with a higher Sharpe ratio"] == "1 of 4"  # an equal one is not higher
    assert rows["their Sharpe ratios"] == f"{own['sharpe'] - 2:.2f} .. {own['sharpe'] + 1:.2f}"
    lost = told(in_sample=part | {"sharpe": -1.0}, efficiency=np.nan).metrics
    assert tables(lost)[2].rows[3][0] == "mean efficiency, of 0 cycles of 2"
    cycles = tables(told(out_of_sample=part | shares, train_regime=LOW, test_regime=HIGH).metrics)[3]
    assert cells(cycles)[0][4:] == ["+10.00%", "+20.00%", "+30.00%", "high, bull"]


def test_of_very_many_cycles_the_table_has_both_ends_in_order_of_time() -> None:
    metrics = told().metrics
    one = metrics["cycles"][0]
    gains = np.random.default_rng(0).permutation(61) / 100
    many = [
        one
        | {"test_start": f"{i:04d}-01-01 00:00:00", "outside": one["outside"] | {"returns_over_hodl": gain}}
        for i, gain in enumerate(gains.tolist())
    ]
    whole = tables(metrics | {"cycles": many[:60]})[3]
    assert (whole.title, len(whole.rows)) == ("Cycles", 60)
    cut = tables(metrics | {"cycles": many})[3]
    assert cut.title == "Cycles: of 61 the 10 worst and the 10 best beside HODL"
    shown = [int(str(row[0])[:4]) for row in cut.rows]
    assert shown == sorted(shown)
    assert sorted(gains[shown].tolist()) == [i / 100 for i in (*range(10), *range(51, 61))]


def test_of_very_many_cycles_a_lost_one_is_among_the_worst() -> None:
    metrics = told().metrics
    one = metrics["cycles"][0]
    gains = [None if i == 30 else i / 100 for i in range(61)]
    many = [one | {"outside": one["outside"] | {"returns_over_hodl": gain}} for gain in gains]
    shown = [row[5] for row in cells(tables(metrics | {"cycles": many})[3])]
    assert shown == [*(f"+{i}.00%" for i in range(9)), "–", *(f"+{i}.00%" for i in range(51, 61))]


# ------------------------------------------------------------------------------
# Figures


def drawn(found: Result) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures(found.metrics, found.arrays)}


def test_figures_hold_what_was_found(check: Callable[[Figure, int], list[str]]) -> None:
    found = told(0.002, chance=(0.0, 0.004))
    all_drawn = drawn(found)
    assert list(all_drawn) == ["sharpe", "in-and-out", "value", "weights", "parameters"]
    for name, count in {"sharpe": 1, "in-and-out": 2, "value": 1, "weights": 1, "parameters": 2}.items():
        words = check(all_drawn[name], count)
        assert words
    (axes,) = all_drawn["sharpe"].figure.axes
    first = series(axes)[0]
    np.testing.assert_allclose(first[0], found.metrics["pools"]["trained"]["interval"])
    np.testing.assert_allclose(series(axes)[4][0], found.metrics["chance"]["sharpes"])
    above, below = all_drawn["in-and-out"].figure.axes
    np.testing.assert_allclose(above.lines[2].get_ydata(), [2.0, 2.0])
    np.testing.assert_allclose(above.lines[3].get_ydata(), [1.0, 2.0])
    np.testing.assert_allclose(below.lines[2].get_ydata(), [50.0, 50.0])
    (axes,) = all_drawn["value"].figure.axes
    np.testing.assert_allclose(axes.lines[3].get_ydata(), found.arrays["value/trained"])
    np.testing.assert_allclose([line.get_ydata() for line in axes.lines[1:3]], found.arrays["chance"])
    memory, k = all_drawn["parameters"].figure.axes
    np.testing.assert_allclose(memory.lines[1].get_ydata(), [4.0, 5.0])
    assert (memory.get_yscale(), k.get_yscale()) == ("linear", "log")
    assert [axes.get_title(loc="left") for axes in (memory, k)] == ["memory, days", "k"]
    both_signs = {"k": np.array([[-1.0, 20.0], [500.0, 30.0]])}
    figure = drawings.parameters("parameters", "caption", DAY_MS * np.arange(2), both_signs, ["AAA", "BBB"])
    assert figure.figure.axes[0].get_yscale() == "linear"


def test_every_pool_has_a_row_with_its_interval() -> None:
    rows = [drawings.Forest("one", 1.0, (0.5, 2.0), "0.90"), drawings.Forest("two", -1.0, (-2.0, 0.25), "")]
    (axes,) = drawings.forest("sharpe", "caption", rows, (0.3, 0.4)).figure.axes
    found = [[x.tolist(), y.tolist()] for x, y in series(axes, 1)]
    assert found[:4] == [[[0.5, 2.0], [0, 0]], [[1.0], [0]], [[-2.0, 0.25], [1, 1]], [[-1.0], [1]]]
    assert found[4] == [[0.3, 0.4], [2.0, 2.0]]
    assert [line.get_color() for line in axes.lines[:4]] == [ACCENT, ACCENT, INK, INK]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["one", "two", "by chance"]
    assert axes.get_ylim() == (2.5, -0.6)  # from the top down
    assert {text.get_text(): text.xy[1] for text in axes.texts if text.get_text()} == {
        "0.90": 0, "deflated": -0.6,
    }  # fmt: skip


@pytest.mark.parametrize("count", [60, 61])
def test_in_and_out_of_sample_are_joined_and_many_cycles_have_no_lines(count: int) -> None:
    inside, outside = np.linspace(1, 2, count), np.linspace(-1, 3, count)
    own = (DAY_MS * np.arange(count), inside, outside, {"HODL": outside})
    above, below = drawings.in_and_out("in-and-out", "caption", *own).figure.axes
    joined = np.array(above.collections[0].get_segments())
    np.testing.assert_allclose(
        np.sort(joined[:, :, 1], axis=1), np.sort(np.stack([inside, outside], 1), axis=1)
    )
    assert (below.lines[-1].get_linestyle() == "None") == (count == 61)
    np.testing.assert_array_equal(below.lines[-1].get_ydata(), outside)


def test_names_stand_at_the_ends_of_values_and_weights() -> None:
    unix = DAY_MS * np.arange(4)
    paths = {"one": np.array([1.0, 1.1, 1.2, 1.3]), "two": np.array([1.0, 0.9, 0.8, 0.7])}
    (axes,) = drawings.values("value", "caption", unix, paths, None).figure.axes
    assert {text.get_text(): text.xy[1] for text in axes.texts} == {"one": 1.3, "two": 0.7}
    assert [line.get_color() == ACCENT for line in axes.lines if len(line.get_xdata()) == 4] == [True, False]
    shares = np.array([[0.5, 0.5], [0.6, 0.4], [0.7, 0.3], [0.8, 0.2]])
    figure = drawings.weights("weights", "caption", unix, shares, ["AAA", "BBB"], unix[[0, 2]]).figure
    (axes,) = figure.axes
    assert {text.get_text(): text.xy[1] for text in axes.texts} == pytest.approx({"AAA": 0.4, "BBB": 0.9})
    lowest = axes.collections[0].get_paths()[0].vertices
    assert lowest[:, 1].max() == 0.8
    marks = [float(line.get_xdata()[0]) for line in axes.lines if line.get_color() == "white"]
    assert marks == [2.0]  # none where the first pool begins


def test_figures_of_little_are_drawn(check: Callable[[Figure, int], list[str]]) -> None:
    found = told(value=np.ones(DAYS + 1))
    few = found.metrics | {"cycles": found.metrics["cycles"]}
    arrays: Mapping[str, np.ndarray] = {
        name: value for name, value in found.arrays.items() if not name.startswith("effective/")
    }
    names = [
        figure.name
        for figure in figures(few, arrays)
        if check(figure, 2 if figure.name == "in-and-out" else 1)
    ]
    assert names == ["sharpe", "in-and-out", "value", "weights"]
    many = {**found.arrays, "value/trained": np.geomspace(1, 50, 2 * DAYS + 1)}
    (axes,) = drawn(Result(found.metrics, many))["value"].figure.axes
    assert axes.get_yscale() == "log"


def test_weights_over_long_times_are_means_of_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isotherm.studies.walk.figures.MOST_ROWS", 20)
    figure = drawn(told())["weights"]
    assert "means of 3 days" in figure.caption
    (axes,) = figure.figure.axes
    first = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert set(np.round(first, 6)) == {0.0, 0.5, round((0.5 + 2 * 0.6) / 3, 6), 0.6}
    days = np.array(axes.get_xlim())
    np.testing.assert_allclose(days, [1, 49])


@pytest.mark.parametrize(
    ("ends", "word"),
    [
        ((0.01, 0.5), "better"),
        ((-0.5, -0.01), "worse"),
        ((0.0, 1.0), "not to be told from it"),
        (None, "too few days"),
    ],
)
def test_an_interval_that_holds_zero_tells_nothing(ends: tuple | None, word: str) -> None:
    metrics = told().metrics
    against = {name: one | {"interval": ends} for name, one in metrics["against"].items()}
    said = conclusions(metrics | {"against": against})
    assert said[0].count(f"(**{word}") == 2
    assert f"(**{word}" in said[1]
