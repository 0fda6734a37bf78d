"""Golden values of the tilt study, function by function."""

from collections.abc import Callable
from typing import Any

import numpy as np
from tests.golden.cases import Golden, golden_cases

from isotherm.energy.tilt.closed_forms import action_only_tilt, gibbs_posterior, imh_log_accept
from isotherm.energy.tilt.levels import TiltParameters, beta_fraction, clean_target, level, level_grid
from isotherm.sample.tilt.predictor_corrector import metrics as metrics
from isotherm.sample.tilt.predictor_corrector.exact import pc_ula_final_law
from isotherm.sample.tilt.predictor_corrector.steps import Reward, joint_mala_step, mala_step, ula_step

Given = dict[str, Any]

LEVEL = {
    "m_a": "mean_a",
    "m_s": "mean_s",
    "c": "offset",
    "A": "slope",
    "b": "intercept",
    "const": "constant",
    "beta_fraction": "fraction",
    "beta_t": "beta",
    "level_joint_mean_s": "joint_mean_s",
    "level_joint_var_s": "joint_var_s",
}
"""Golden names of a level's fields, where ours differ."""


def golden_level(p: TiltParameters, given: Given) -> Given:
    found = level(p, given["alpha_bar"])._asdict()
    return found | {theirs: found[ours] for theirs, ours in LEVEL.items()}


def golden_clean_target(p: TiltParameters, given: Given) -> Given:
    found = clean_target(p)._asdict()
    return found | {"A": found["slope"], "b": found["intercept"]}


def golden_action_only(p: TiltParameters, given: Given) -> Given:
    found = action_only_tilt(p)
    return found._asdict() | {"mu_tilt": found.mu, "sigma_tilt": found.sigma}


def golden_gibbs(p: TiltParameters, given: Given) -> Given:
    found = gibbs_posterior(p, given["s_next"])
    return {
        "mu_post": found.mu,
        "sigma_post": found.sigma,
        "lag1_autocorr": found.lag1_autocorrelation,
    }


def golden_ula(p: TiltParameters, given: Given) -> Given:
    reward = Reward(p.r_wa, p.r_ws, p.r_a_star, p.r_s_star)
    found = ula_step(level(p, given["alpha_bar"]), reward, given["a"], float(np.mean(given["sps"])), p.ca)
    return found._asdict() | {"eta": found.step_size}


def golden_mala(p: TiltParameters, given: Given) -> Given:
    return mala_step(level(p, given["alpha_bar"]), given["a"], given["a_prop"], given["eta"])._asdict()


def golden_joint(p: TiltParameters, given: Given) -> Given:
    noise = (given["z_a"], np.array(given["z_u"]))
    steps = (given["eta_a"], given["eta_u"])
    found = joint_mala_step(level(p, given["alpha_bar"]), given["a"], np.array(given["sps"]), noise, steps)
    return {
        "u": found.whitened,
        "a_prop": found.action,
        "u_prop": found.whitened_proposal,
        "sps_prop": found.particles,
        "log_accept": found.log_accept,
    }


def golden_evaluations(p: TiltParameters, given: Given) -> Given:
    found = metrics.evals_per_action(given["method"], p.K, p.refresh_L, given["points_per_seed"])
    return {"denoiser": found.denoiser, "Q": found.value}


OURS: dict[str, Callable[[TiltParameters, Given], Given]] = {
    "level": golden_level,
    "level_grid": lambda p, given: {"alpha_bar": level_grid(p)},
    "clean_target": golden_clean_target,
    "beta_fraction": lambda p, given: {"fraction": beta_fraction(p, np.array(given["alpha_bar"]))},
    "action_only_tilt": golden_action_only,
    "gibbs_posterior": golden_gibbs,
    "imh_log_accept": lambda p, given: {"log_alpha": imh_log_accept(p, given["a"], given["a_prop"])},
    "ula_step": golden_ula,
    "mala_step": golden_mala,
    "joint_mala_step": golden_joint,
    "pc_ula_final_law": lambda p, given: pc_ula_final_law(p, given["points_per_seed"])._asdict(),
    "kl_hist": lambda p, given: {
        "kl": metrics.kl_hist(np.array(given["samples"]), given["mu"], given["sigma"], given["bins"])
    },
    "ks_statistic": lambda p, given: {"d": metrics.ks_statistic(np.array(given["x"]), np.array(given["y"]))},
    "lag1_ess": lambda p, given: metrics.lag1_ess(np.array(given["prev"]), np.array(given["cur"]))._asdict(),
    "evals_per_action": golden_evaluations,
    "gaussian_kl": lambda p, given: {
        "kl": metrics.gaussian_kl(given["m1"], given["v1"], given["m2"], given["v2"])
    },
}


def answers(case: Given) -> Given:
    """What we find for a golden case, by the golden names."""
    return OURS[case["fn"]](TiltParameters(**case["inputs"].get("params", {})), case["inputs"])


def disagreements(case: Given) -> list[str]:
    found = answers(case)
    return [
        f"{case['id']} {name}: {found[name]} is not {expected}"
        for name, expected in case["outputs"].items()
        if not np.allclose(found[name], expected, rtol=case["rtol"], atol=case["atol"])
    ]


def test_golden_tilt(tilt_golden: Golden) -> None:
    assert disagreements(tilt_golden.case) == []


def test_a_golden_value_off_by_a_millionth_is_seen() -> None:
    case = golden_cases("tilt")[0].case
    name, value = next(iter(case["outputs"].items()))
    wrong = case | {"outputs": {name: value * (1 + 1e-6) + 1e-6}}
    assert len(disagreements(wrong)) == 1


def test_the_copied_cases_have_every_function() -> None:
    cases = [golden.case for golden in golden_cases("tilt")]
    assert {case["fn"] for case in cases} == set(OURS)
    assert len(cases) == 69
