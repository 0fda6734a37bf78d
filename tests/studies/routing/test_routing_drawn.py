"""Which series the figures of routing draw, read back from their axes."""

import numpy as np
import pytest
from tests.support.figures import generative_arrays, panels, routing_arrays
from tests.support.told import assert_drawn, bands, error_bars, is_drawn, series

from isotherm.studies.generative.drawings import error_per_seed, learned_against_true
from isotherm.studies.routing import structure as structure_study
from isotherm.studies.routing.ablation import PUBLISHED, VARIANTS, AblationConfig, RoutingAblation
from isotherm.studies.routing.beta import BetaConfig, RoutingBeta
from isotherm.studies.routing.comparison import Routing, RoutingConfig
from isotherm.studies.routing.drawings.regret import (
    Series,
    final_bars,
    final_sweep,
    paired_curves,
    rate_curves,
    regret_curves,
)
from isotherm.studies.routing.drawings.replay import success_bars, success_curves
from isotherm.studies.routing.drawings.structure import regret_against
from isotherm.studies.routing.structure import RoutingStructure, StructureConfig

pytestmark = pytest.mark.usefixtures("nothing_global")

AGENTS = [Series("thompson", "T"), Series("joint", "J"), Series("floor", "F")]


def from_zero(values: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], values])


def assert_band(axes, x: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """Some band has exactly these edges."""
    wanted = {(round(a, 6), round(b, 6)) for y in (low, high) for a, b in zip(x, y, strict=True)}
    assert any(wanted <= {(round(a, 6), round(b, 6)) for a, b in band} for band in bands(axes))


def test_regret_curves_draw_each_agents_mean_with_its_deviation(arrays) -> None:
    figure = regret_curves("r", "", panels(2), AGENTS, arrays).figure
    for axes, panel in zip(figure.axes, panels(2), strict=True):
        x = from_zero(arrays[f"{panel.cell}/steps"])
        means = [from_zero(arrays[f"{panel.cell}/{one.name}/mean"]) for one in AGENTS]
        assert_drawn(axes, *((x, mean) for mean in means))
        for one, mean in zip(AGENTS, means, strict=True):
            deviation = from_zero(arrays[f"{panel.cell}/{one.name}/sd"])
            assert_band(axes, x, mean - deviation, mean + deviation)


def test_paired_curves_draw_differences_with_95_percent(arrays) -> None:
    (axes,) = paired_curves(
        "p", "", panels(1), AGENTS[1:], arrays, reference="ising", reference_label="I"
    ).figure.axes
    x = from_zero(arrays["iid.fixed/steps"])
    for one in AGENTS[1:]:
        mean, error = (from_zero(arrays[f"iid.fixed/{one.name}/over_ising{end}"]) for end in ("", "_se"))
        assert is_drawn(axes, x, mean)
        assert_band(axes, x, mean - 1.96 * error, mean + 1.96 * error)
    assert is_drawn(axes, [0, 1], [0, 0])


def test_rates_are_slopes_at_the_middle_of_each_stretch() -> None:
    found = {"c/steps": np.array([10, 30, 40]), "c/joint/mean": np.array([5.0, 25.0, 25.0])}
    panel = panels(1)[0]._replace(cell="c")
    (axes,) = rate_curves("r", "", [panel], [AGENTS[1]], found).figure.axes
    assert_drawn(axes, ([5, 20, 35], [0.5, 1.0, 0.0]))
    (axes,) = rate_curves("r", "", [panel], [AGENTS[1]], found, window=(20, 35)).figure.axes
    assert_drawn(axes, ([20, 35], [1.0, 0.0]))
    broken = panel._replace(marks=(10,))
    (axes,) = rate_curves("r", "", [broken], [AGENTS[1]], found).figure.axes
    np.testing.assert_array_equal(series(axes)[0][0], [5, 10, 20, 35])
    assert np.isnan(series(axes)[0][1][1])


def dots(axes) -> dict[float, float]:
    """Value of the single point in each row."""
    return {float(y[0]): float(x[0]) for x, y in series(axes, 1) if len(x) == 1}


def test_final_values_stand_in_their_rows_with_their_errors(arrays) -> None:
    known = {("correlated.fixed", "joint"): 1234.0}
    figure = final_bars("f", "", panels(2), AGENTS, arrays, published=known).figure
    for axes, panel in zip(figure.axes, panels(2), strict=True):
        finals = [arrays[f"{panel.cell}/{one.name}/final"] for one in AGENTS]
        found = [(float(x[0]), float(y[0])) for x, y in series(axes, 1) if len(x) == 1]
        wanted = [(final.mean(), row) for row, final in enumerate(finals)]
        if panel.cell == "correlated.fixed":
            wanted.insert(2, (1234.0, 1.0))
        np.testing.assert_allclose(found, wanted)
        bars = [one.get_segments()[0][:, 0] for one in axes.collections if one.get_segments()]
        for bar, final in zip(bars, finals, strict=True):
            error = final.std(ddof=1) / np.sqrt(len(final))
            np.testing.assert_allclose(bar, [final.mean() - error, final.mean() + error])


def test_sweeps_stand_at_their_values_beside_the_published_ones(arrays) -> None:
    finals = {f"iid.fixed/{name}/final": np.array([v, v + 20.0]) for name, v in (("a", 600), ("b", 650))}
    figure = final_sweep(
        "s", "", panels(1), ["a", "b"], [0.5, 2.0], finals, xlabel="x", published={"iid.fixed": [620.5, 661.0]},
        floor={"iid.fixed": 590.25},
    )  # fmt: skip
    (axes,) = figure.figure.axes
    assert_drawn(axes, ([0.5, 2], [610, 660]), ([0.5, 2], [620.5, 661]), ([0, 1], [590.25, 590.25]))
    (bars,) = (bar for bar in error_bars(axes) if len(bar))
    np.testing.assert_allclose(bars, [[600, 620], [650, 670]])


def test_success_bars_draw_rates_bounds_and_their_bands(arrays) -> None:
    figure = success_bars(
        "b", "", AGENTS, arrays, cell="correlated.random", best_fixed=(0.25, 0.01), clairvoyant=(0.3, 0.0)
    )
    (axes,) = figure.figure.axes
    rates = [arrays[f"correlated.random/{one.name}/final"].mean() / 10_000 for one in AGENTS]
    assert dots(axes) == pytest.approx(dict(enumerate(rates)))
    assert [text.get_text() for text in axes.texts[:3]] == [f"{rate:.3f}" for rate in rates]
    assert is_drawn(axes, [0.25] * 2, [0, 1])
    assert is_drawn(axes, [0.3] * 2, [0, 1])
    (band,) = axes.patches
    assert (band.get_x(), band.get_width()) == pytest.approx((0.25 - 0.0196, 2 * 0.0196))


def test_success_curves_draw_successes_beyond_the_best_venue(arrays) -> None:
    (axes,) = success_curves("c", "", panels(1), AGENTS[1:2], arrays, reference_label="best").figure.axes
    x = from_zero(arrays["iid.fixed/steps"])
    assert is_drawn(axes, x, from_zero(arrays["iid.fixed/joint/over_best_fixed"]))


def test_regret_against_a_size_is_sorted_by_it() -> None:
    names = {"a": 3, "b": 1}
    found = {f"{cell}/{one.name}/final": np.array([10.0 + 5 * i + size, 12.0 + 5 * i + size])
             for cell, size in names.items() for i, one in enumerate(AGENTS)}  # fmt: skip
    figure = regret_against("g", "", [("K", [(3.0, "a"), (1.0, "b")])], AGENTS, found, xlabel="")
    (axes,) = figure.figure.axes
    assert_drawn(axes, *(([1, 3], [12 + 5 * i, 14 + 5 * i]) for i in range(3)))
    for i, bars in enumerate(error_bars(axes)[:3]):
        np.testing.assert_allclose(bars, [[11 + 5 * i, 13 + 5 * i], [13 + 5 * i, 15 + 5 * i]])


def test_learned_parameters_stand_beside_the_truth() -> None:
    arrays = generative_arrays()
    learners = [("published", "P"), ("averaged", "A")]
    figure = learned_against_true(
        "g", "", [("iid", "I"), ("correlated", "C")], learners, arrays, kind="parameters"
    )
    for axes, scenario in zip(figure.figure.axes, ("iid", "correlated"), strict=True):
        places = np.arange(15)
        for shift, learner in ((-0.15, "published"), (0.15, "averaged")):
            assert is_drawn(axes, places + shift, arrays[f"{scenario}/{learner}/parameters"].mean(axis=0))
        bars, truth = error_bars(axes)[1:], axes.collections[0].get_segments()
        np.testing.assert_allclose([one[0][1] for one in truth], arrays[f"{scenario}/true/parameters"])
        spread = arrays[f"{scenario}/published/parameters"].std(axis=0, ddof=1)
        np.testing.assert_allclose(np.ptp(bars[0], axis=1), 2 * spread)


def test_errors_of_every_seed_and_their_mean_are_drawn() -> None:
    arrays = generative_arrays(6)
    learners = [("published", "P"), ("averaged", "A")]
    figure = error_per_seed(
        "e", "", [("iid", "I"), ("correlated", "C")], learners, arrays, tolerances={"t": 0.08}
    )
    for axes, scenario in zip(figure.figure.axes, ("iid", "correlated"), strict=True):
        strips = [y for _, y in series(axes) if len(y) == 6]
        wanted = [
            arrays[f"{scenario}/{key}/{kind}_error"]
            for kind in ("marginal", "correlation")
            for key, _ in learners
        ]
        np.testing.assert_allclose(strips, wanted)
        means = [one.get_segments()[0][0][1] for one in axes.collections]
        assert means == pytest.approx([one.mean() for one in wanted])
        assert is_drawn(axes, [0, 1], [0.08] * 2)


def test_routing_draws_every_agent_of_each_mode_and_pairs_them(monkeypatch) -> None:
    config = RoutingConfig(
        scenarios=("correlated", "regime-shift"), agents=("thompson", "ising", "joint", "floor")
    )
    arrays = routing_arrays(2)
    figures = {one.name: one.figure for one in Routing().figures(config, {}, arrays)}
    assert list(figures) == [
        "regret-fixed", "over-floor-fixed", "over-ising-fixed", "regret-random", "over-floor-random",
        "over-ising-random", "after-shift",
    ]  # fmt: skip
    x = from_zero(arrays["correlated.random/steps"])
    (axes, _) = figures["regret-random"].axes
    assert_drawn(axes, *((x, from_zero(arrays[f"correlated.random/{a}/mean"])) for a in config.agents))
    axes = figures["over-ising-random"].axes[0]
    assert is_drawn(axes, x, from_zero(arrays["correlated.random/joint/over_ising"]))
    assert not is_drawn(axes, x, from_zero(arrays["correlated.random/joint/over_floor"]))
    fixed, random = figures["after-shift"].axes
    # a tenth of the run before the shift, a fifth after it
    assert fixed.get_xlim() == random.get_xlim() == (4000, 7000)


def test_ablation_and_beta_put_published_values_in_place() -> None:
    cells = ("correlated.fixed", "regime-shift.fixed")
    arrays = {f"{cell}/steps": np.array([5_000, 10_000]) for cell in cells}
    for cell in cells:
        for at, name in enumerate((*VARIANTS, *(f"beta-{b:g}" for b in BetaConfig().betas))):
            arrays |= {f"{cell}/{name}/mean": np.array([1.0, 2.0]) + at, f"{cell}/{name}/sd": np.ones(2)}
            arrays[f"{cell}/{name}/final"] = np.array([100.0 + at, 102.0 + at])
    figures = {one.name: one.figure for one in RoutingAblation().figures(AblationConfig(), {}, arrays)}
    for axes, path in zip(
        figures["ablation-final"].axes, (("correlated", "fixed"), ("regime-shift", "fixed")), strict=True
    ):
        found = [(float(x[0]), float(y[0])) for x, y in series(axes, 1) if len(x) == 1]
        for row, name in enumerate(VARIANTS):
            assert (101.0 + row, row) in found
            if name in PUBLISHED[path]:
                assert (PUBLISHED[path][name], row) in found
    final = {
        name: {"fixed": {"floor": {"mean": 90.5 + i}}}
        for i, name in enumerate(("correlated", "regime-shift"))
    }
    figures = {
        one.name: one.figure for one in RoutingBeta().figures(BetaConfig(), {"final_regret": final}, arrays)
    }
    for i, (axes, path) in enumerate(zip(figures["final"].axes, RoutingBeta.reported, strict=True)):
        betas = list(BetaConfig().betas)
        assert_drawn(
            axes, (betas, 106 + np.arange(5)), (betas, [RoutingBeta.reported[path][b] for b in betas]),
            ([0, 1], [90.5 + i] * 2),
        )  # fmt: skip


def test_structure_sweeps_each_size_from_its_own_cells() -> None:
    config = StructureConfig(
        num_venues=6, context_sizes=(2, 1), sizes=(8, 6), strengths=(1.0, 0.5), num_steps=100, long_steps=0,
        agents=("thompson", "joint"),
    )  # fmt: skip
    arrays: dict[str, np.ndarray] = {}
    for at, cell in enumerate(RoutingStructure().cells(config)):
        arrays[f"{cell.name}/steps"] = np.array([50, 100])
        for i, entry in enumerate(RoutingStructure().entries(config)):
            key = f"{cell.name}/{entry.name}"
            value = 100.0 + 10 * at + i
            arrays |= {f"{key}/final": np.array([value]), f"{key}/mean": np.array([0.5, 1.0]) * value}
            arrays[f"{key}/sd"] = np.zeros(2)
    figures = {one.name: one.figure for one in RoutingStructure().figures(config, {}, arrays)}
    assert list(figures) == ["regret", "sweeps"]
    context, size, strength = figures["sweeps"].axes
    assert [one.get_xlabel() for one in (context, size, strength)] == [
        "context venues, K",
        "venues, N",
        "coupling strength",
    ]

    def final(n: int, k: int, w: float, agent: str) -> float:
        return float(arrays[f"{structure_study._name(n, k, w)}/{agent}/final"][0])

    for i, agent in enumerate(("thompson", "joint")):
        assert series(context)[i][1].tolist() == [final(6, 1, 1.0, agent), final(6, 2, 1.0, agent)]
        assert series(size)[i][1].tolist() == [final(6, 2, 1.0, agent), final(8, 2, 1.0, agent)]
        assert series(strength)[i][1].tolist() == [final(6, 2, 0.5, agent), final(6, 2, 1.0, agent)]
    assert len(series(context)) == 3, "the oracle is not drawn, Thompson without forgetting is"
