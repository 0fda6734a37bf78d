"""What the check of samplers says and draws, from scores made by hand."""

import numpy as np
import pytest
from scipy import stats
from tests.support.told import assert_drawn, bands, cells, is_drawn

from isotherm.studies.samplers.config import SamplerCheckConfig
from isotherm.studies.samplers.drawings import scores_against_normal
from isotherm.studies.samplers.study import SamplerCheck

pytestmark = pytest.mark.usefixtures("nothing_global")

CONFIG = SamplerCheckConfig(
    models=("potts", "rbm"),
    samplers=("gibbs", "wolff"),
    betas=(0.5, 1.0),
    num_chains=33,
    num_samples=100,
    thin=2,
)


def results() -> dict[str, dict[str, np.ndarray]]:
    """Scores of four moments at two temperatures; one of them is nothing."""
    found = {}
    for at, task in enumerate(("potts.gibbs", "potts.wolff", "rbm.gibbs")):
        z = np.array([[0.5, -1.0, 1.5, np.nan], [0.25, 2.0 + at, -0.5, 0.75]])
        found[task] = {
            "z": z, "constant_error": np.array([0.0, 1e-6]), "rhat": np.array([1.01, 1.02 + at / 100]),
            "ess": np.array([660.0, 1650.0 * (1 + at)]), "seconds": np.array([2.0, 0.5]),
        }  # fmt: skip
    found["rbm.gibbs"]["rhat"][1] = np.nan
    return found


@pytest.fixture(scope="module")
def made():
    return SamplerCheck().combine(CONFIG, results())


def test_cells_count_finite_scores_against_their_bound(made) -> None:
    first, second = made.metrics["cells"][:2]
    assert (first["worst_z"], first["num_moments"], first["beta"]) == (1.5, 3, 0.5)
    assert first["bound"] == pytest.approx(stats.t.ppf(1 - 1e-4 / 6, df=32))
    assert (second["worst_z"], second["num_moments"]) == (2.0, 4)
    # 33 chains of 100 draws, two steps each
    assert (first["ess_per_step"], first["ess_per_second"]) == (0.1, 330.0)
    assert (second["ess_per_step"], second["ess_per_second"]) == (0.25, 3300.0)
    assert made.metrics["cells"][5]["rhat"] is None


def test_words_hold_the_numbers_both_ways(made) -> None:
    found = made.metrics | {"cells": [dict(cell) for cell in made.metrics["cells"]]}
    bound = found["cells"][5]["bound"]
    assert SamplerCheck().conclusions(CONFIG, found) == [
        "**All 6 combinations** of model, sampler and temperature agree with the exact answer; 21 moments compared.",
        f"Closest to its bound: block Gibbs on Boltzmann machine, 6 × 4 at beta = 1, worst |z| = 4.00 of {bound:.2f} "
        "allowed.",
    ]
    worst, mixing = SamplerCheck().tables(CONFIG, found)
    assert cells(worst)[1] == [
        "Potts, 6 variables, q = 3, with fields: Wolff",
        "7",
        "3.00",
        f"{bound:.2f}",
        "yes",
    ]
    assert cells(mixing) == [
        ["Potts, 6 variables, q = 3, with fields: block Gibbs", "1.0200", "0.250", "3,300"],
        ["Potts, 6 variables, q = 3, with fields: Wolff", "1.0300", "0.500", "6,600"],
        ["Boltzmann machine, 6 × 4: block Gibbs", "n/a", "0.750", "9,900"],
    ]
    assert "beta = 1" in mixing.title
    assert "33 chains × 100 draws, 2 steps apart" in mixing.note
    found["cells"][1]["worst_z"] = found["cells"][1]["bound"] + 0.01
    found["cells"][2]["constant_error"] = 2e-5
    said, _ = SamplerCheck().conclusions(CONFIG, found)
    assert said == (
        "**2 of 6 combinations disagree** with the exact answer: potts/gibbs/1, potts/wolff/0.5; 21 moments compared."
    )
    assert [row[-1] for row in cells(SamplerCheck().tables(CONFIG, found)[0])] == ["NO", "NO", "yes"]


def test_figures_draw_scores_and_speeds(made) -> None:
    scores, mixing = SamplerCheck().figures(CONFIG, made.metrics, made.arrays)
    for axes, names in zip(scores.figure.axes, (("potts.gibbs", "rbm.gibbs"), ("potts.wolff",)), strict=True):
        z = np.concatenate([results()[name]["z"].ravel() for name in names])
        z = np.sort(z[np.isfinite(z)])
        expected = stats.t.ppf((np.arange(1, len(z) + 1) - 0.5) / len(z), df=32)
        assert_drawn(axes, (expected, expected), (expected, z))
    assert scores.figure.axes[0].get_title("left") == "block Gibbs (14)"
    potts, rbm = mixing.figure.axes
    assert_drawn(potts, ([0.5, 1], [330, 3300]), ([0.5, 1], [330, 6600]))
    assert_drawn(rbm, ([0.5, 1], [330, 9900]))


def test_the_band_holds_a_true_sampler_at_each_rank() -> None:
    (axes,) = scores_against_normal("z", "", {"block Gibbs": np.array([0.3])}, degrees=10**6).figure.axes
    # one score: the band is that of a normal one, 99.8 %
    (band,) = bands(axes)
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((-3.09, 3.09), abs=1e-2)
    assert is_drawn(axes, [0], [0.3])
