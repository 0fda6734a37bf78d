import numpy as np
import pytest
from tests.support.figures import AGENTS, SERIES, generative_arrays, panels, routing_arrays

from isotherm.studies.generative.drawings import error_per_seed, learned_against_true
from isotherm.studies.routing.drawings.replay import success_bars, success_curves
from isotherm.studies.routing.drawings.structure import regret_against

pytestmark = pytest.mark.usefixtures("nothing_global")

SCENARIOS = [("iid", "IID"), ("correlated", "Correlated")]
LEARNERS = [("published", "Published"), ("averaged", "Averaged (new)"), ("untrained", "all-zero model")]


@pytest.mark.parametrize("kind", ["marginals", "correlations", "parameters"])
@pytest.mark.parametrize(("seeds", "venues"), [(8, 5), (1, 5), (8, 2), (4, 12)])
def test_learned_stands_against_true_with_every_value_named(kind, seeds, venues, check):
    arrays = generative_arrays(seeds, venues)
    figure = learned_against_true("g", "", SCENARIOS, LEARNERS, arrays, kind=kind)
    said = check(figure, 2)
    assert {"IID", "Correlated", "Published", "Averaged (new)", "all-zero model", "truth"} <= set(said)
    if kind == "marginals":
        assert {str(i) for i in range(venues)} <= set(said)
    if kind == "correlations" and venues == 5:
        named = {name for text in said for name in text.split("\n")}
        assert {"01", "02", "03", "04", "12", "13", "14", "23", "24", "34"} <= named


def test_points_are_means_over_seeds():
    arrays = generative_arrays()
    figure = learned_against_true("g", "", SCENARIOS, LEARNERS[:1], arrays, kind="marginals")
    shown = figure.figure.axes[0].lines[0].get_ydata()
    np.testing.assert_allclose(shown, arrays["iid/published/marginals"].mean(axis=0))


@pytest.mark.parametrize("seeds", [1, 64])
def test_errors_show_every_seed_and_the_tolerance(seeds, check):
    figure = error_per_seed(
        "e",
        "",
        SCENARIOS,
        LEARNERS,
        generative_arrays(seeds),
        tolerances={"published tolerance": 0.08, "goal": 0.01},
    )
    said = check(figure, 2)
    assert any("tolerance 0.08" in text.replace("\n", " ") for text in said)
    assert sum(len(np.asarray(line.get_ydata())) == seeds for line in figure.figure.axes[0].lines) >= 6
    assert figure.figure.axes[0].get_ylim() == figure.figure.axes[1].get_ylim()


def test_an_error_of_zero_does_not_break_the_logarithmic_axis(check):
    arrays = generative_arrays(3)
    arrays["iid/averaged/marginal_error"] = np.zeros(3)
    check(error_per_seed("e", "", SCENARIOS, LEARNERS, arrays, tolerances={}), 2)


def structure_groups(arrays):
    cells = [panel.cell for panel in panels(6)]
    return [
        ("context venues, K", [(1.0, cells[0]), (2, cells[1]), (3, cells[2])]),
        ("strength", [(0.5, cells[3])]),
    ]


def test_regret_against_size_names_agents_at_zero_in_the_legend(arrays, check):
    zeros = {key: 0 * x for key, x in arrays.items() if key.endswith("floor/final")}
    arrays = {**arrays, **zeros}
    for key in list(arrays):
        if key.endswith("joint/final"):
            arrays[key] = np.array([300.0, 310.0])
    figure = regret_against("s", "", structure_groups(arrays), SERIES, arrays, xlabel="size")
    said = check(figure, 2)
    assert "Floor (knows the truth): 0" in said
    assert figure.figure.axes[0].get_yscale() == "log"


@pytest.mark.parametrize(("runs", "scale"), [(1, 1.0), (20, 0.0)])
def test_regret_against_size_on_a_linear_axis(runs, scale, check):
    arrays = routing_arrays(runs, scale)
    figure = regret_against("s", "", structure_groups(arrays)[:1], SERIES, arrays, xlabel="")
    assert {"context venues, K", *(one.label for one in SERIES)} <= set(check(figure, 1))
    assert figure.figure.axes[0].get_yscale() == "linear"


@pytest.mark.parametrize("clairvoyant", [(0.999, 0.0), (0.66, 0.001), (0.31, 0.001)])
@pytest.mark.parametrize("runs", [1, 20])
def test_success_rates_with_their_bounds(clairvoyant, runs, check):
    arrays = routing_arrays(runs)
    figure = success_bars(
        "b", "", SERIES, arrays, cell="correlated.random", best_fixed=(0.3, 0.002), clairvoyant=clairvoyant
    )
    said = check(figure, 1)
    assert "best fixed venue in hindsight 0.300" in said
    low, high = figure.figure.axes[0].get_xlim()
    for name in AGENTS:
        final = arrays[f"correlated.random/{name}/final"] / 10_000
        error = final.std(ddof=1) / np.sqrt(runs) if runs > 1 else 0.0
        assert low < final.mean() - error <= final.mean() + error < high
    assert any(text.startswith(f"clairvoyant {clairvoyant[0]:.3f}") for text in said)
    low, high = figure.figure.axes[0].get_xlim()
    assert (low < clairvoyant[0] < high) == (clairvoyant[0] < 0.9)


@pytest.mark.parametrize("fixed", np.linspace(0.17, 0.63, 12))
def test_the_names_of_both_bounds_keep_apart_wherever_they_stand(fixed, check):
    arrays = routing_arrays(2)
    bounds = {"best_fixed": (float(fixed), 0.002), "clairvoyant": (1.0, 0.0)}
    said = check(success_bars("b", "", SERIES, arrays, cell="correlated.random", **bounds), 1)
    assert f"best fixed venue in hindsight {fixed:.3f}" in said
    assert "clairvoyant 1.000 →" in said


def test_success_curves_stand_against_the_best_fixed_venue(arrays, check):
    figure = success_curves("c", "", panels(2), SERIES[4:], arrays, reference_label="the best fixed venue")
    said = check(figure, 2)
    assert "successes beyond\nthe best fixed venue" in said
