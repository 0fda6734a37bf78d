import io

import numpy as np
import pytest
from tests.support.figures import AGENTS, SERIES, panels, routing_arrays

from isotherm.studies.routing.drawings.regret import (
    Panel,
    Series,
    final_bars,
    final_sweep,
    paired_curves,
    rate_curves,
    regret_curves,
)

pytestmark = pytest.mark.usefixtures("nothing_global")

LABELS = {one.label for one in SERIES}


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6])
def test_regret_curves_name_every_agent_whatever_the_number_of_panels(count, arrays, check):
    figure = regret_curves("regret", "All agents.", panels(count), SERIES, arrays)
    said = check(figure, count)
    assert (figure.name, figure.caption) == ("regret", "All agents.")
    assert set(said) >= LABELS
    assert {panel.title for panel in panels(count)} <= set(said)
    assert said.count("biases reverse") == sum(bool(panel.marks) for panel in panels(count))
    assert "cumulative regret" in said


def test_lines_show_the_arrays_from_the_first_order_on(arrays):
    figure = regret_curves("regret", "", panels(2), SERIES[5:6], arrays)
    line = figure.figure.axes[1].lines[0]
    np.testing.assert_array_equal(line.get_xdata(), [0, *arrays["correlated.fixed/steps"]])
    np.testing.assert_array_equal(line.get_ydata(), [0, *arrays["correlated.fixed/ising/mean"]])


@pytest.mark.parametrize("reference", ["floor", "ising"])
@pytest.mark.parametrize("count", [1, 3, 6])
def test_paired_curves_enlarge_the_routers_where_bandits_dwarf_them(reference, count, arrays, check):
    def draw(series):
        return paired_curves(
            "p", "", panels(count), series, arrays, reference=reference, reference_label=AGENTS[reference][0]
        )

    said = check(draw(SERIES), 2 * count)
    assert LABELS - {AGENTS[reference][0]} <= set(said)
    figure = draw(SERIES[4:])
    check(figure, count)
    low, high = figure.figure.axes[0].get_ylim()
    assert low < 0 < high
    assert high - low < 200


def test_the_enlarged_panel_ends_where_the_routers_do(arrays):
    options = {"reference": "floor", "reference_label": "the floor"}
    figure = paired_curves("p", "", panels(2), SERIES, arrays, **options)
    whole, part = figure.figure.axes[:2]
    assert whole.get_ylim()[1] > 4000
    assert 67 < part.get_ylim()[1] < 100


def test_rates_are_the_slopes_of_the_mean_curve(arrays, check):
    figure = rate_curves("r", "", panels(3)[2:], SERIES, arrays, window=(4000, 7000))
    check(figure, 1)
    (axes,) = figure.figure.axes
    assert axes.get_xlim() == (4000, 7000)
    shown = np.asarray(axes.lines[0].get_ydata())
    np.testing.assert_allclose(shown[np.isfinite(shown)], 0.28)
    assert np.isnan(shown).sum() == 1, "broken at the shift"


def test_slopes_on_a_logarithmic_axis_leave_zeros_out(arrays, check):
    zero = {"iid.fixed/floor/mean": 0 * arrays["iid.fixed/floor/mean"]}
    figure = rate_curves("r", "", panels(1), SERIES, {**arrays, **zero}, log_y=True)
    assert "Floor (knows the truth)" in check(figure, 1)
    assert figure.figure.axes[0].get_yscale() == "log"
    check(rate_curves("r", "", panels(2), SERIES, routing_arrays(scale=0.0), log_y=True), 2)


def test_a_window_that_holds_no_stretch_is_drawn_empty(arrays, check):
    check(rate_curves("r", "", panels(3), SERIES, arrays, window=(4010, 4090)), 3)


@pytest.mark.parametrize("draw", [regret_curves, rate_curves])
def test_panels_of_zeros_say_so(draw, check):
    said = check(draw("z", "", panels(2), SERIES, routing_arrays(scale=0.0)), 2)
    assert said.count("every agent: 0") == 2


def test_a_panel_of_zeros_beside_an_enlarged_one_is_whole(arrays, check):
    zeros = {key: 0 * x for key, x in arrays.items() if key.startswith("iid.fixed") and "steps" not in key}
    options = {"reference": "floor", "reference_label": "the floor"}
    said = check(paired_curves("z", "", panels(3), SERIES, {**arrays, **zeros}, **options), 5)
    assert said.count("every agent: 0") == 1


def test_one_run_has_no_bands_but_lines(check):
    arrays = routing_arrays(runs=1)
    options = {"reference": "floor", "reference_label": "the floor"}
    figure = paired_curves("one", "", panels(2), SERIES, arrays, **options)
    check(figure, 4)
    assert not any(axes.collections for axes in figure.figure.axes)
    check(final_bars("one", "", panels(2), SERIES, arrays), 2)


def test_one_point_is_enough(check):
    arrays = routing_arrays(points=1)
    check(regret_curves("p", "", panels(3), SERIES, arrays), 3)
    check(rate_curves("p", "", panels(3), SERIES, arrays), 3)


def test_agents_that_a_panel_lacks_are_left_out(arrays, check):
    some = {key: x for key, x in arrays.items() if not key.startswith("correlated.fixed/ucb")}
    check(regret_curves("p", "", panels(2), SERIES, some), 2)
    check(final_bars("p", "", panels(2), SERIES, some), 2)
    said = check(regret_curves("p", "", panels(2), [*SERIES, Series("other", "Nobody")], some), 2)
    assert "Nobody" not in said


@pytest.mark.parametrize("marks", [(200,), (9_900,), (2_000, 4_000, 6_000, 8_000), (20_000,)])
def test_names_of_marks_keep_apart_and_in_sight(marks, arrays, check):
    said = check(regret_curves("m", "", [Panel("correlated.fixed", "Many", marks)] * 3, SERIES, arrays), 3)
    assert ("biases reverse" in said) == (marks[0] <= 10_000)


def test_final_bars_stand_in_rows_with_published_values(arrays, check):
    known = {("correlated.fixed", "ising"): 1784.0, ("iid.fixed", "thompson"): 0}
    figure = final_bars("bars", "", panels(3), SERIES, arrays, published=known)
    said = check(figure, 3)
    assert "final cumulative regret" in said
    rows = [label.get_text() for label in figure.figure.axes[0].get_yticklabels()]
    assert rows == [one.label for one in SERIES]
    top, bottom = reversed(figure.figure.axes[0].get_ylim())
    assert top < 0 < bottom


def test_final_bars_of_zeros(check):
    check(final_bars("bars", "", panels(1), SERIES, routing_arrays(scale=0.0)), 1)


@pytest.mark.parametrize("count", [1, 2])
def test_final_sweep_shows_values_published_and_floor(count, check):
    values, names = (10, 25, 50.0, 100), ("a", "b", "c", "d")
    shown = panels(count)
    finals = {
        f"{p.cell}/{n}/final": np.array([600.0, 610, 620]) + v
        for p in shown
        for n, v in zip(names, values, strict=True)
    }
    figure = final_sweep(
        "sweep", "", shown, names, values, finals,
        xlabel="samples", published={shown[0].cell: [620, 630.0, float("nan"), 700]}, floor={shown[0].cell: 590.2},
    )  # fmt: skip
    said = check(figure, count)
    assert "floor 590" in said
    assert [label.get_text() for label in figure.figure.axes[0].get_xticklabels()] == [
        "10",
        "25",
        "50",
        "100",
    ]
    assert figure.figure.axes[0].get_ylim()[0] < 590


def test_final_sweep_of_one_value_and_one_run(check):
    check(
        final_sweep(
            "s", "", panels(1), ["a"], [0], {"iid.fixed/a/final": np.zeros(1)}, xlabel="x", log_x=False
        ),
        1,
    )


def test_figures_are_files_in_both_formats_without_warnings(arrays):
    figure = regret_curves("regret", "", panels(3), SERIES, arrays).figure
    for ending in ("png", "pdf"):
        file = io.BytesIO()
        figure.savefig(file, format=ending, dpi=60, bbox_inches="tight")
        assert file.tell() > 5_000
