"""The study tilt: published flags and keys, figures and animations, refusals."""

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from isotherm.plot.figure import Animation
from isotherm.settings.layers import read_flags
from isotherm.studies.tilt.config import TiltConfig
from isotherm.studies.tilt.study import Tilt
from isotherm.study.presets import build_config
from isotherm.study.report.html import Report
from isotherm.study.store.folder import RunFolder

STUDY = Tilt()
SMALL = TiltConfig(
    K=5,
    kl_runs=64,
    sweep_runs=32,
    sweep_max_refresh=1,
    points_per_seed=3,
    samplers=("pc_mala",),
    beta_schedule="tfg_plus_final_mala",
    adaptation="shared",
    noise="shared",
    seeds_mala=(9, 70),
)
Found = tuple[dict[str, Any], dict[str, np.ndarray]]


def found_by(config: TiltConfig) -> Found:
    results = {task.name: STUDY.compute(config, task) for task in STUDY.tasks(config)}
    result = STUDY.combine(config, results)
    return json.loads(json.dumps(result.metrics, allow_nan=False)), result.arrays


@pytest.fixture(scope="module")
def found() -> Found:
    return found_by(SMALL)


def config_of(*words: str) -> TiltConfig:
    config = build_config(STUDY, "published", None, read_flags(TiltConfig, words))
    assert isinstance(config, TiltConfig)
    return config


def test_metrics_have_the_published_keys(found: Found) -> None:
    metrics, _ = found
    m = "pc_mala"
    expected = {
        "kl": {m, f"state_{m}", f"state_{m}_gt"},
        "evals_per_action": {f"denoiser_{m}", f"Q_{m}"},
        "mixing": {f"esjd_{m}", f"acc_{m}", f"ess_steps_{m}", f"esjd_per_cost_{m}"},
        "diagnostics": {
            "sigma_sprime2",
            f"var_mean_sps_{m}",
            f"alpha2_var_a_{m}",
            f"within_var_sps_avg_{m}",
        },
    }
    assert {group: set(metrics[group]) for group in expected} == expected
    config = metrics["config"]
    assert config == {
        "beta_schedule": "tfg_plus_final_mala",
        "lambda_scale": 1.5,
        "K": 5,
        "refresh_L": 3,
        "action_steps_per_level": 1,
        "points_per_seed": 3,
        "samplers": [m],
    }
    for group in ("kl", "mixing"):
        assert set(metrics["standard_errors"][group]) == set(metrics[group])
        assert all(error > 0 for error in metrics["standard_errors"][group].values())
    assert metrics["evals_per_action"] == {f"denoiser_{m}": 3 * 3 * 6, f"Q_{m}": 2 * 3 * 5}
    assert 0 < metrics["mixing"][f"acc_{m}"] <= 1
    assert metrics["target"]["mu_a"] == pytest.approx(0.9375)


def test_pictures_are_all_of_the_published_ones_and_move(found: Found) -> None:
    metrics, arrays = found
    drawn = list(STUDY.figures(SMALL, metrics, arrays))
    m = "pc_mala"
    names = [f"anim_{m}", f"action_match_{m}", f"state_match_{m}", f"state_match_{m}_gt"]
    assert [one.name for one in drawn] == [*names, "action_kl_vs_refresh", "state_kl_vs_refresh"]
    assert isinstance(drawn[0], Animation)
    gif = Image.open(io.BytesIO(drawn[0].gif))
    assert (gif.size, getattr(gif, "n_frames", 1)) == (
        (900, 800),
        SMALL.K + 1,
    )  # the clean correction adds one
    assert gif.info["duration"] == 120
    frames = []
    for k in (0, SMALL.K):
        gif.seek(k)
        frames.append(np.asarray(gif.convert("RGB"), int))
    assert 0.003 < (np.abs(frames[0] - frames[1]).max(axis=-1) > 40).mean() < 0.2


def test_a_report_shows_animations(found: Found, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics, arrays = found
    moving = Animation("moves", "A caption.", b"GIF89a")
    monkeypatch.setattr(Tilt, "figures", lambda *_: iter([moving]))
    report = Report(STUDY, SMALL, "0" * 64, metrics)
    assert list(report.draw(RunFolder(tmp_path), arrays)) == ["figures/moves.gif"]
    assert (tmp_path / "figures" / "moves.gif").read_bytes() == b"GIF89a"
    assert report.pictures == [("moves", "A caption.", b"GIF89a", "gif")]


def test_tables_and_sentences_say_what_was_found(found: Found) -> None:
    metrics, _ = found
    divergences, moments, mixing = STUDY.tables(SMALL, metrics)
    assert len(divergences.rows) == 3
    assert [row[0] for row in moments.rows][:2] == ["pc_mala: action_mean", "pc_mala: action_var"]
    assert mixing.rows[0][0] == "pc_mala"
    said = STUDY.conclusions(SMALL, metrics)
    assert "pc_mala" in said[0]
    assert "base policy; 1 clean corrections follow" in said[-1]


def test_runs_have_one_key_whatever_the_batch_and_the_noise_follows_its_option(found: Found) -> None:
    from isotherm.studies.tilt import runs as runs

    _, arrays = found
    np.testing.assert_array_equal(arrays["pc_mala/path/final_action"].shape, (len(SMALL.seeds_mala),))
    config = SMALL.model_copy(update={"samplers": ("pc_ula",), "beta_schedule": "linear"})
    sampler = runs.pc.Sampler("pc_ula", 3)
    first = [runs._run(config, sampler, config.parameters(), np.zeros(5), 64, *where) for where in _PLACES]
    np.testing.assert_array_equal(first[0].position.action, first[1].position.action)
    independent = config.model_copy(update={"noise": "independent"})
    second = [
        runs._run(independent, sampler, config.parameters(), np.zeros(5), 64, *where) for where in _PLACES
    ]
    assert not np.isclose(second[0].position.action, second[1].position.action).any()
    assert not np.isclose(first[0].position.action, second[0].position.action).any()


_PLACES = (("run", -1), ("sweep", 2))


def test_published_flags_are_understood() -> None:
    words = (
        "--K=7 --refresh-L 2 --qA=1.0 --mu-Q 1.5 --r-a-star=-1.5 --mu-a -0.25 --s=2 --d=.5 --samplers pc_ula"
    )
    config = config_of(*words.split(), "--seeds-ula=3,1", "--beta-schedule=late_ramp", "--alpha-bar-min=.1")
    assert (config.K, config.refresh_L, config.r_a_star, config.mu_a) == (7, 2, -1.5, -0.25)
    assert (config.samplers, config.panel_seeds("pc_ula")) == (("pc_ula",), (3, 1))
    assert config.adaptation == "shared"
    parameters = config.parameters(refresh_L=0)
    assert (parameters.K, parameters.refresh_L, parameters.shift) == (7, 0, 1.0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--qA=2"], "qA = 2.0: changes nothing: this study tilts by the reward"),
        (["--mu-Q=0"], "mu_Q = 0.0: changes nothing"),
        (["--cs=0.1"], "cs = 0.1: changes nothing: a refresh is an exact draw"),
        (["--sigma-ve-min=1"], "sigma_ve_min = 1.0: changes nothing"),
        (["--samplers=pc_ula,pc_hmc"], "samplers.1 = 'pc_hmc'"),
        (["--samplers=pc_ula,pc_ula"], "each should be named once"),
        (["--seeds-ula=0,x"], "seeds_ula.1 = 'x'"),
        (["--alpha-bar-min=1"], "alpha_bar_min = 1.0: should be below alpha_bar_max"),
        (["--beta-schedule=cosine"], "beta_schedule = 'cosine'"),
        (["--lambda-scale=nan"], "lambda_scale = nan"),
        (["--sigma-sprime=0"], "sigma_sprime = 0.0"),
        (["--K=10000", "--points-per-seed=1000"], "K = 10000: gives 10,030,000 numbers a run"),
    ],
)
def test_bad_settings_are_refused_in_one_line(words: list[str], message: str) -> None:
    with pytest.raises(ValueError, match="=") as caught:
        config_of(*words)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_frozen_adaptation_meets_the_exact_laws_it_reports() -> None:
    config = TiltConfig(
        K=8, kl_runs=2000, sweep_runs=2000, sweep_max_refresh=0, samplers=("pc_ula", "pc_mala")
    )
    metrics, arrays = found_by(config)
    for method in config.samplers:
        law, found = metrics["exact"][method], metrics["end_moments"][method]
        for name in ("mean", "var"):
            value = found[f"action_{name}"]
            assert abs(value["mean"] - law[name]) < 4 * value["se"]
    assert metrics["mixing"]["acc_pc_mala"] == pytest.approx(0.57, abs=0.02)
    assert metrics["sweep"]["pc_ula"]["state_kl"]["value"][0] > 5
    floor = metrics["kl_floor"]["action"]
    assert 0.5 * 79 / 4000 < floor["mean"] < 2 * 79 / 4000
    assert arrays["pc_mala/log_scale"].min() > 0
    assert next(STUDY.figures(config, metrics, arrays)).name == "anim_pc_ula"
