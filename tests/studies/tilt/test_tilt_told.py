"""What the tilt study and its variants say and draw, from metrics and arrays made by hand."""

import numpy as np
import pytest
from scipy import stats
from tests.support.told import assert_drawn, bands, cells, error_bars, is_drawn, series

from isotherm.studies.tilt import drawings, figures, results
from isotherm.studies.tilt.config import TiltConfig
from isotherm.studies.tilt.policies import drawings as variant_drawings
from isotherm.studies.tilt.policies import figures as variant_figures
from isotherm.studies.tilt.policies import results as variants
from isotherm.studies.tilt.policies import tables as variant_tables

pytestmark = pytest.mark.usefixtures("nothing_global")

TILT = TiltConfig()


def one(mean: float, se: float | None = 0.001, n: int = 7500) -> dict:
    return {"mean": mean, "se": se, "n": n}


def tilt_metrics() -> dict:
    found: dict = {
        "kl": {}, "gaussian_kl": {}, "evals_per_action": {}, "mixing": {}, "end_moments": {}, "independence": {},
        "standard_errors": {"kl": {}, "mixing": {}},
        "kl_floor": {name: {"mean": 0.005 + at / 1000, "std": 0.0004} for at, name in enumerate(results._KL)},
        "target": {"mu_a": 0.9375, "sigma_a": 0.5, "mu_s": 0.94, "sigma_s": 0.7},
        "exact": {"pc_ula": {"mean": 0.91234, "var": 0.26789, "kl_action": 0.01234},
                  "pc_mala": {"mean": 0.90123, "var": 0.25678}},
    }  # fmt: skip
    for at, method in enumerate(TILT.samplers):
        for place, key in enumerate((method, f"state_{method}", f"state_{method}_gt")):
            found["kl"][key] = 0.02 + at / 100 + place / 1000
            found["standard_errors"]["kl"][key] = 0.0005
            found["gaussian_kl"][key] = one(0.012 + at / 100 + place / 1000, 0.0002)
        found["evals_per_action"] |= {f"denoiser_{method}": 1200 + at, f"Q_{method}": 800 + at}
        for place, name in enumerate(("esjd", "acc", "ess_steps", "esjd_per_cost")):
            if name != "acc" or method != "pc_ula":
                found["mixing"][f"{name}_{method}"] = 0.25 + at + place / 8
                found["standard_errors"]["mixing"][f"{name}_{method}"] = 0.0025
        names = ("action_mean", "action_var", "state_mean", "state_var")
        found["end_moments"][method] = {name: one(0.5 + at + place / 16) for place, name in enumerate(names)}
        found["independence"][method] = {"rhat": 1.0012 + at / 1000, "ess": 7000.0}
    return found


def test_tilt_concludes_from_its_numbers() -> None:
    ula, mala, bias, lag = results.conclusions(TILT, tilt_metrics())
    assert ula == (
        "**pc_ula** ends 0.01200 ± 0.00020 from the target in its actions and 0.01300 ± 0.00020 in "
        "its next states "
        "(KL of fitted moments); the histogram estimate reads 0.0200 where exact draws read 0.0050 ± 0.0004."
    )
    assert mala.startswith("**pc_mala** ends 0.02200 ± 0.00020 from the target in its actions and 0.02300")
    assert "reads 0.0300" in mala
    assert bias == (
        "The exact end law of `pc_ula` is N(0.91234, 0.26789), KL 0.01234: its error is the bias "
        "of an unadjusted step "
        "of 0.08 of the action's variance."
    )
    assert lag.startswith(
        "At its frozen step sizes `pc_mala` ends exactly on mean 0.9012 and variance 0.2568 where "
        "the target has "
        "0.9375 and 0.2500: "
    )


def test_tilt_concludes_the_other_way() -> None:
    config = TiltConfig(
        samplers=("pc_mala",), beta_schedule="tfg_plus_final_mala", final_mala_steps=5, refresh_L=0
    )
    found = tilt_metrics()
    del found["exact"]["pc_mala"]
    _, zero, stale = results.conclusions(config, found)
    assert zero == (
        "The schedule `tfg_plus_final_mala` ends at no tilt, so the walk ends at the base policy; "
        "5 clean corrections "
        "follow."
    )
    assert stale.startswith("Without refreshes")


def test_tilt_tables_hold_the_numbers() -> None:
    divergences, moments, mixing = results.tables(TILT, tilt_metrics())
    assert cells(divergences)[1] == [
        "pc_ula: state",
        f"0.02100 ± 0.00050 (7500); published 0.00446, {(0.021 - 0.004457) / 0.0005:+.1f} SE",
        "0.00600 ± 0.00040",
        "0.01300 ± 0.00020 (7500)",
    ]
    assert cells(divergences)[3][1].endswith("published 0.00788, +44.2 SE")
    assert cells(moments)[:4] == [
        ["pc_ula: action_mean", "0.5000 ± 0.0010 (7500)", "0.91234", "0.93750"],
        ["pc_ula: action_var", "0.5625 ± 0.0010 (7500)", "0.26789", "0.25000"],
        ["pc_ula: state_mean", "0.6250 ± 0.0010 (7500)", "–", "0.94000"],
        ["pc_ula: state_var", "0.6875 ± 0.0010 (7500)", "–", "0.49000"],
    ]
    first, second = cells(mixing)
    assert first[:3] == ["pc_ula", "0.2500 ± 0.0025 (7500); published 0.1756, +29.8 SE", "–"]
    assert first[5:] == ["1200", "800", "1.0012"]
    assert second[2] == "1.3750 ± 0.0025 (7500); published 0.6019, +309.3 SE"
    own = results.tables(TILT.model_copy(update={"K": 12}), tilt_metrics())
    assert "published" not in cells(own[0])[0][1]


def test_tilt_collects_each_number_of_its_sampler() -> None:
    config = TiltConfig(samplers=("pc_mala",))
    pair = iter(np.arange(1.0, 201.0).reshape(-1, 2))
    reference = {f"{group}/{name}": next(pair) for group in ("floor", "sweep_floor") for name in results._KL}
    reference |= {"target/mu_a": np.array(0.9), "exact/mean": np.array(0.8)}
    found = {f"{kind}/{name}": next(pair) for kind in ("kl", "gaussian_kl") for name in results._KL}
    found |= {f"evals_per_action/{name}": next(pair) for name in ("denoiser", "Q")}
    found |= {
        f"{name}": next(pair) for name in ("mixing/esjd", "diagnostics/var_mean_sps", "moments/action_mean")
    }
    found |= {"chains/rhat": np.array([1.01, np.nan]), "chains/ess": np.array([np.nan, np.nan])}
    found |= {"mala_law/mean": np.array(0.7), "sweep/action_kl": np.array([[1.0, 0.1], [2.0, 0.2]])}
    m = results.collect(config, {"reference": reference, "pc_mala": found})
    assert m["kl_floor"]["state"] == {"mean": 3.0, "std": 4.0}
    assert m["sweep_kl_floor"]["state_gt"] == {"mean": 11.0, "std": 12.0}
    assert (m["kl"]["pc_mala"], m["standard_errors"]["kl"]["pc_mala"]) == (13.0, 14.0)
    assert (m["kl"]["state_pc_mala"], m["kl"]["state_pc_mala_gt"]) == (15.0, 17.0)
    assert m["gaussian_kl"]["state_pc_mala"] == {"mean": 21.0, "se": 22.0, "n": 7500}
    assert m["evals_per_action"] == {"denoiser_pc_mala": 25, "Q_pc_mala": 27}
    assert (m["mixing"]["esjd_pc_mala"], m["standard_errors"]["mixing"]["esjd_pc_mala"]) == (29.0, 30.0)
    assert m["diagnostics"] == {"sigma_sprime2": 0.25, "var_mean_sps_pc_mala": 31.0}
    assert m["end_moments"]["pc_mala"]["action_mean"]["mean"] == 33.0
    assert m["independence"]["pc_mala"] == {"rhat": 1.01, "ess": None}
    assert m["exact"] == {"pc_ula": {"mean": 0.8}, "pc_mala": {"mean": 0.7}}
    assert m["sweep"]["pc_mala"]["action_kl"] == {"value": [1.0, 2.0], "error": [0.1, 0.2]}


def test_a_marginal_is_drawn_under_its_density() -> None:
    samples = np.concatenate([np.zeros(30), np.ones(50), np.full(20, 9.0)])  # the last beyond the curve
    curve = (np.linspace(-1, 2, 7), np.linspace(0.1, 0.7, 7))
    figure = drawings.match("m", "", samples, curve, title="t", label="a", box=["x 1", "y 2"], look="pc_mala")
    (axes,) = figure.figure.axes
    assert_drawn(axes, curve)
    heights, edges, _ = axes.patches[0].get_data()
    assert (edges[0], edges[-1], len(heights)) == (0.0, 1.0, 40)
    # shares of all draws, those beyond included
    assert (heights[0], heights[-1]) == pytest.approx((0.3 * 40, 0.5 * 40))
    assert axes.texts[0].get_text() == "x 1\ny 2"


def test_figures_take_the_marginals_and_sweeps_of_their_sampler() -> None:
    metrics = tilt_metrics() | {
        "sweep": {m: {f"{n}_kl": {"value": [0.5 + at, 0.25], "error": [0.1, 0.05]} for n in ("action", "state")}
                  for at, m in enumerate(TILT.samplers)},
        "sweep_kl_floor": {"action": {"mean": 0.1, "std": 0.02}, "state": {"mean": 0.2, "std": 0.03}},
    }  # fmt: skip
    arrays = {f"pc_mala/{name}": np.full(5, level) for name, level in
              (("actions", 0.9), ("particles", 1.1), ("states_gt", 0.7))}  # fmt: skip
    drawn = list(figures._matches(TILT, "pc_mala", metrics, arrays))
    assert [one.name for one in drawn] == [
        "action_match_pc_mala",
        "state_match_pc_mala",
        "state_match_pc_mala_gt",
    ]
    for figure, mu, sigma, level in zip(
        drawn, (0.9375, 0.94, 0.94), (0.5, 0.7, 0.7), (0.9, 1.1, 0.7), strict=True
    ):
        (axes,) = figure.figure.axes
        (x, y) = series(axes)[0]
        np.testing.assert_allclose(y, stats.norm.pdf(x, mu, sigma))
        assert (x[0], x[-1]) == pytest.approx((mu - 4 * sigma, mu + 4 * sigma))
        assert axes.patches[0].get_data()[1].mean() == pytest.approx(level, abs=0.01)
    assert drawn[1].figure.axes[0].texts[0].get_text().split("\n") == [
        "histogram KL 0.0310", "KL of moments 0.0230 ± 0.0002", "denoiser / Q an action 1,201 / 801",
        "ESJD a step 1.250", "acceptance 1.375",
    ]  # fmt: skip
    assert figures._box("pc_ula", "pc_ula", metrics)[-1] == "acceptance –"
    for figure, floor in zip(figures._sweeps(TILT, metrics), ((0.08, 0.12), (0.17, 0.23)), strict=True):
        (axes,) = figure.figure.axes
        assert_drawn(axes, ([0, 1], [0.5, 0.25]), ([0, 1], [1.5, 0.25]))
        assert (
            axes.patches[0].get_y(),
            axes.patches[0].get_y() + axes.patches[0].get_height(),
        ) == pytest.approx(floor)
        assert {0.4, 0.6, 0.2, 0.3} <= {round(y, 6) for _, y in bands(axes)[0]}


def test_each_frame_of_the_animation_has_its_level_and_beta() -> None:
    config = TiltConfig(K=3, beta_schedule="tfg_plus_final_mala", final_mala_steps=2, lambda_scale=1.5)
    level = {"alpha_bar": [0.05, 0.5, 1.0], "beta": [0.0, 0.75, 1.5], "mu_tilt": [0.1, 0.2, 0.3],
             "sigma_tilt": [2.0, 1.0, 0.5], "rho": [0.5, 0.6, 0.7], "offset": [0.0, 0.1, 0.2],
             "var_cond": [0.3, 0.2, 0.1]}  # fmt: skip
    arrays = {f"reference/level/{name}": np.array(values) for name, values in level.items()}
    arrays |= {"reference/target/mu_a": np.array(0.9), "reference/target/sigma_a": np.array(0.4)}
    arrays |= {
        "pc_ula/path/action": np.arange(6.0).reshape(2, 3),
        "pc_ula/path/particles": np.arange(12.0).reshape(2, 3, 2),
    }
    arrays |= {
        "pc_ula/path/final_action": np.array([7.0, 8.0]),
        "pc_ula/path/final_particles": np.ones((2, 2)),
    }
    found = figures._frames(config, "pc_ula", arrays)
    assert [one.headline.split(" · ", 1)[1] for one in found] == [
        "level 1/3 · ᾱ = 0.050 · β = 0.000", "level 2/3 · ᾱ = 0.500 · β = 0.750",
        "level 3/3 · ᾱ = 1.000 · β = 1.500", "2 clean corrections · β = 1.500",
    ]  # fmt: skip
    np.testing.assert_array_equal(found[1].actions, [1, 4])
    np.testing.assert_array_equal(found[1].particles, [[2, 3], [8, 9]])
    np.testing.assert_array_equal(found[3].actions, [7, 8])
    np.testing.assert_allclose(found[1].target.mean, [0.2, 0.6 * 0.2 + 0.1])
    np.testing.assert_allclose(found[1].target.covariance, [[1, 0.6], [0.6, 0.36 + 0.2]])
    np.testing.assert_allclose(found[3].target.mean, [0.9, 0.9])
    np.testing.assert_allclose(found[3].target.covariance, [[0.16, 0.16], [0.16, 0.16 + 0.25]])


VARIANT = TiltConfig(policy="mixture", compared=("importance", "mala", "ula", "noise_walk"))


def judged(verdict: str, z: float | None, **more: object) -> dict:
    moments = {
        "mean 1": one(0.51, 0.01, 64) | {"z": 1.0}, "var 1": one(1.25, 0.05, 64) | {"z": z},
        "weight 1": one(0.27, 0.01, 64) | {"z": -0.5}, "weight 2": one(0.73, 0.01, 64) | {"z": 0.5},
    }  # fmt: skip
    return {
        "moments": moments, "worst": {"name": "var 1", "z": z, "bound": 3.25}, "verdict": verdict,
        "ess": 512.4, "ess_per_1000_steps": 4.0, "groups": 64, "draws": 200, "steps": 10,
        "distance": one(0.0025, 0.0005, 64), **more,
    }  # fmt: skip


def variant_metrics() -> dict:
    normal = {"ks": 0.05, "p": 0.5, "z_mean": 1.0, "z_var": -3.9}
    return {
        "target": {
            "log_z": -2.5, "importance_share": 0.125,
            "moments": {"mean 1": 0.5, "var 1": 1.2, "weight 1": 0.275, "weight 2": 0.725},
        },
        "distance_floor": {"mean": 0.0001, "std": 0.0002},
        "samplers": {
            "importance": judged("agrees", 1.5, log_z=one(-2.51, 0.02, 64) | {"z": -0.5},
                                 effective=one(0.5, 0.01, 64)),
            "mala": judged("not mixed", 1.0, rhat=1.25, next_states=normal, acceptance=one(0.6, 0.002, 64)),
            "ula": judged("off", 12.0, rhat=1.05, next_states=normal),
            "noise_walk": judged("off", None, log_z=one(None, None, 64) | {"z": None}, effective=one(0.5, 0.01, 64)),
        },
    }  # fmt: skip


def test_variants_conclude_from_their_numbers() -> None:
    true, ula, walk, slow, normaliser, carried = variants.conclusions(VARIANT, variant_metrics())
    assert true == (
        "**importance** show no difference from the tilted policy: none of 4 moments is farther "
        "from its exact value "
        "than chance explains 99% of the time."
    )
    assert ula == (
        "**ula** is off: its var 1 is +12.0 standard errors off; no move is ever rejected, so its "
        "law is off by the size "
        "of the step."
    )
    assert walk.startswith(
        "**noise_walk** is off: its var 1 is without an error; each level is left as it is"
    )
    assert slow == (
        "**mala** cannot be judged: R-hat 1.25 says that chains differ; they pass too rarely from "
        "part to part, and the "
        "shares of the parts lean to those of the start."
    )
    assert normaliser == (
        "The log normaliser is -2.5000; `importance` estimates -2.5100 ± 0.0200, `noise_walk` "
        "fails. Of weighted draws "
        "of the base policy 12% would count."
    )
    assert carried.startswith("Tilting the action leaves")


def test_variants_conclude_the_other_way() -> None:
    config = TiltConfig(
        policy="multivariate", compared=("mala", "ula", "noise_walk"), ca=0.4, beta_schedule="sigma_power"
    )
    found = variant_metrics()
    del found["samplers"]["importance"]
    found["samplers"]["ula"]["rhat"] = 1.2
    found["samplers"]["ula"]["next_states"] = {"ks": 0.2, "p": 0.5, "z_mean": 4.0, "z_var": 0.0}
    ula, walk, slow, _, broken = variants.conclusions(config, found)
    assert "variances are 1 / (1 − ca/2) = 1.250 times too large" in ula
    assert ula.endswith("; its chains differ besides (R-hat 1.20), so that standard errors say little.")
    assert "its schedule `sigma_power` ends at no tilt" in walk
    assert slow.endswith("more samples would tell.")
    assert broken == "Next states do **not** follow their actions as they should in **ula**."
    both = {"mala": judged("agrees", 0.1), "gibbs": judged("agrees", 0.2), "smc": judged("agrees", 0.3)}
    (said,) = variants.conclusions(config, found | {"samplers": both})
    assert said.startswith("**mala**, **gibbs** and **smc** show no difference")


@pytest.mark.parametrize(
    ("z", "rhat", "verdict"),
    [(1.0, 1.0, "agrees"), (3.0, 1.1, "agrees"), (-3.01, 1.0, "off"), (3.01, 2.0, "off"), (1.0, 1.11, "not mixed"),
     (None, 1.0, "off"), (1.0, None, "off")],
)  # fmt: skip
def test_verdicts_of_variants(z: float | None, rhat: float | None, verdict: str) -> None:
    assert variants._verdict(z, 3.0, rhat) == verdict


@pytest.mark.parametrize(
    ("changes", "normal"),
    [({}, True), ({"p": 1e-3}, False), ({"p": 1.1e-3}, True), ({"z_mean": -4.0}, False), ({"z_var": 4.0}, False),
     ({"z_var": None}, False)],
)  # fmt: skip
def test_next_states_are_normal_or_not(changes: dict, normal: bool) -> None:
    assert variants._is_normal({"p": 0.5, "z_mean": 3.9, "z_var": -3.9} | changes) == normal


def test_variants_are_judged_by_their_worst_moment() -> None:
    found = {
        "counts": np.array([16, 100, 5]), "moments": np.array([[0.52, 0.01], [1.0, 0.05], [0.3, np.nan], [0.7, 0.1]]),
        "ess": np.array(400.0), "rhat": np.array(1.02), "distance": np.array([0.01, 0.002]),
        "log_z": np.array([-2.4, 0.05]), "acceptance": np.array([0.5, np.nan]),
    }  # fmt: skip
    exact = variant_metrics()["target"]["moments"]
    m = variants._judged(-2.5, exact, found)
    assert m["worst"] == {"name": "weight 1", "z": None, "bound": pytest.approx(stats.t.isf(0.01 / 8, 15))}
    assert m["verdict"] == "off"
    found["moments"][2, 1] = 0.1
    m = variants._judged(-2.5, exact, found)
    assert m["worst"]["name"] == "var 1"
    assert m["worst"]["z"] == pytest.approx(-4.0)
    assert m["moments"]["mean 1"]["z"] == pytest.approx(2.0)
    assert m["log_z"]["z"] == pytest.approx(2.0)
    assert m["ess_per_1000_steps"] == 50.0
    assert (m["acceptance"]["mean"], m["acceptance"]["se"], m["rhat"]) == (0.5, None, 1.02)


def test_variant_tables_hold_the_numbers() -> None:
    tables = variant_tables.tables(VARIANT, variant_metrics())
    overview, means, variances, weights, normalisers, mixing, after = tables
    assert cells(overview)[0] == ["importance", "0.00250 ± 0.00050 (64)", "+1.5 (var 1)", "3.2", "agrees"]
    assert cells(overview)[3][2] == "– (var 1)"
    assert "0.00010, 0.00020 from set to set" in overview.note
    assert cells(means) == [["exact", "0.50000"]] + [
        [name, "0.510 ± 0.010 (64)"] for name in VARIANT.compared
    ]
    assert cells(variances)[1] == ["importance", "1.250 ± 0.050 (64)"]
    assert cells(weights)[0] == ["exact", "0.27500", "0.72500"]
    assert cells(normalisers) == [
        ["importance", "-2.510 ± 0.020 (64)", "-2.50000", "-0.5", "0.500 ± 0.010 (64)"],
        ["noise_walk", "–", "-2.50000", "–", "0.500 ± 0.010 (64)"],
    ]
    assert cells(mixing)[1] == ["mala", "0.6000 ± 0.0020 (64)", "12800", "10", "512", "4", "1.250"]
    assert cells(mixing)[0][1] == "–"
    assert cells(after)[0] == ["mala", "0.05", "0.500", "+1.0", "-3.9"]
    many = TiltConfig(policy="multivariate", compared=("mala",))
    found = variant_metrics() | {"samplers": {"mala": judged("agrees", 0.1, kl=one(0.003, 0.001, 64))}}
    assert cells(variant_tables.tables(many, found)[0])[0][1:3] == [
        "0.0030 ± 0.0010 (64)",
        "0.00250 ± 0.00050 (64)",
    ]
    assert variant_tables.signed(-2000.0) == "-2e+03"
    assert variant_tables.signed(-999.0) == "-999.0"


def test_variant_figures_draw_scores_normalisers_and_shares() -> None:
    metrics = variant_metrics()
    shares = variant_figures._shares(metrics, metrics["samplers"]["importance"])
    assert shares == ["27\n(28)", "73\n(72)"]
    assert variant_figures._note(metrics["samplers"]["mala"]) == "0.0025 ± 0.0005"
    found = {
        "mala": [("mean 1", 1.5), ("var 1", -2.5), ("var 2", 9.0), ("weight 1", None)],
        "ula": [("mean 1", -9.0)],
    }
    (axes,) = variant_drawings.scores("s", "", found, bounds={"mala": 3.25, "ula": 3.5}).figure.axes
    points = [(float(x[0]), float(y[0])) for x, y in series(axes, 1) if len(x) == 1]
    assert [x for x, _ in points] == pytest.approx([1.5, -2.5, 0.975 * 8, -0.975 * 8])
    assert [round(y) for _, y in points] == [0, 0, 0, 1]
    assert is_drawn(axes, [0, 0], [0, 1])
    assert [band[:, 0].max() for band in bands(axes)] == [3.25, 3.5]
    figure = variant_drawings.normalisers(
        "n", "", {"smc": np.array([-2.6, -2.4])}, {"smc": (-2.45, 0.02)}, exact=-2.5
    )
    (axes,) = figure.figure.axes
    assert sorted(series(axes)[0][0].tolist()) == [-2.6, -2.4]
    assert is_drawn(axes, [-2.45], [-0.1])
    assert is_drawn(axes, [-2.5] * 2, [0, 1])
    assert axes.collections[0].get_segments()[0][:, 0] == pytest.approx([-2.49, -2.41])
    assert axes.texts[0].get_text() == "−2.4500 ± 0.0200"
    assert axes.get_title("left") == "exact log Z = −2.5000"
    assert error_bars(axes)


def test_contours_enclose_their_shares_of_the_law() -> None:
    x = np.linspace(-5, 5, 201)
    density = stats.norm.pdf(x)[:, None] * stats.norm.pdf(x)
    levels = variant_drawings._enclosing(density)
    # of two normal variables the density is down to exp(-chi² / 2) of its peak, which is one less the share
    np.testing.assert_allclose(np.array(levels) / density.max(), [0.01, 0.1, 0.5], rtol=0.02)
