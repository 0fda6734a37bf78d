import json
from typing import Any

import numpy as np
import pytest

from isotherm.studies.phases.config import PhaseDiagramsConfig
from isotherm.studies.phases.results import critical_temperature, spontaneous_magnetization, temperatures
from isotherm.studies.phases.study import PhaseDiagrams

SMALL = PhaseDiagramsConfig.model_validate(
    {
        "ising": {"size": 8, "temperatures": (1.0, 2.3, 4.0)},
        "potts": {"size": 8, "betas": (0.5, 2.0), "more_betas": (1.2,)},
        "xy": {"size": 8, "betas": (0.6, 1.5), "more_betas": (1.1,)},
        "num_chains": 4,
    }
)


def planted(config, model, seed=0) -> dict[str, Any]:
    """A task's arrays whose orders are ``1 / (1 + T)`` in equilibrium, half of that where stuck."""
    rng = np.random.default_rng(seed)
    pictured, everywhere = temperatures(config, model)
    shape, size = (2, len(everywhere), config.num_chains), getattr(config, model).size
    order = (1 / (1 + everywhere))[:, None] + 1e-4 * rng.normal(size=shape)
    means = {"abs_magnetization": order, "magnetization2": order**2 * 1.02, "magnetization4": order**4 * 1.1}
    means |= {"energy": -order, "energy2": order**2 + 1e-3}
    if model == "potts":
        means["largest_fraction"] = order
    if model == "xy":
        means |= {"vortex_density": 0.01 + 0 * order, "antivortex_density": 0.01 + 0 * order}
        means |= {"helicity_cosine": 0 * order, "helicity_sine2": 0 * order}
    found: dict[str, Any] = {f"mean/{name}": value for name, value in means.items()}
    samples = order[..., None] + 0.01 * rng.normal(size=(*shape, 50))
    found |= {"energies": -samples, "orders": samples}
    states = rng.integers(0, 5, (len(pictured), 2, 4, 4, size, size))
    found["states"] = np.where(states > 2, 1, -1) if model == "ising" else states
    found["local/orders"] = 0.5 / (1 + pictured)[:, None] * np.ones(8)
    found["local/states"] = np.repeat(found["states"][:, 0, :, 0], 2, axis=1)
    if model == "ising":
        found["averages"] = rng.uniform(-1, 1, (len(pictured), size, size))
    if model == "xy":
        found["charges"] = rng.integers(-1, 2, (len(pictured), size - 1, size - 1))
        found |= {"stiff/helicity_cosine": 0.9 + 0 * order, "stiff/helicity_sine2": 0 * order}
    return found


@pytest.fixture(scope="module")
def found():
    results = {model: planted(SMALL, model) for model in SMALL.models}
    return PhaseDiagrams().combine(SMALL, results)


def test_what_is_planted_is_told(found):
    study, metrics = PhaseDiagrams(), json.loads(json.dumps(found.metrics, allow_nan=False))
    for model in SMALL.models:
        order = "largest_fraction" if model == "potts" else "abs_magnetization"
        for row in metrics[model]["rows"]:
            assert row[order]["value"] == pytest.approx(1 / (1 + row["temperature"]), abs=1e-3)
            assert 0 < row[order]["error"] < 1e-3
        critical = metrics[model]["critical_temperature"]
        for row in metrics[model]["local"]:
            assert row["num_stuck"] == (8 if row["temperature"] < critical else None)
            assert row["num_chains"] == 8
    assert metrics["xy"]["rows"][0]["helicity_modulus"]["value"] == pytest.approx(0.9)
    equilibrium, *others = study.conclusions(SMALL, metrics)
    assert "**the diagrams are equilibrium**" in equilibrium
    assert "8 of 8 chains stuck" in others[0]
    assert "published diagram" not in others[0]
    assert "bind in pairs below" in others[-1]
    assert len(study.tables(SMALL, metrics)) == 7
    cold, *_, hot = study.tables(SMALL, metrics)[3].rows
    assert (cold[-1], hot[-1]) == ("8 of 8", None)


def test_starts_that_disagree_are_told():
    results = {"ising": planted(SMALL, "ising")}
    results["ising"]["mean/energy"][1] += 0.1
    config = PhaseDiagramsConfig(**{**SMALL.model_dump(), "models": ("ising",)})
    metrics = PhaseDiagrams().combine(config, results).metrics
    said = PhaseDiagrams().conclusions(config, metrics)
    assert "**disagree** (Ising)" in said[0]
    assert "**not all diagrams are equilibrium**" in said[0]
    assert "as the mean of starts that disagree" in said[1]


def test_nothing_is_stuck_above_the_transition():
    hot = SMALL.model_dump() | {"models": ("ising",), "ising": {"size": 8, "temperatures": (2.5, 4.0)}}
    config = PhaseDiagramsConfig.model_validate(hot)
    metrics = PhaseDiagrams().combine(config, {"ising": planted(config, "ising")}).metrics
    assert "above the transition: there is no order" in PhaseDiagrams().conclusions(config, metrics)[1]
    assert [row[-1] for row in PhaseDiagrams().tables(config, metrics)[1].rows] == [None, None]


@pytest.mark.parametrize("is_apart", [False, True])
def test_a_picture_says_on_itself_that_it_is_not_in_equilibrium(is_apart):
    config = PhaseDiagramsConfig(**{**SMALL.model_dump(), "models": ("potts",)})
    results = {"potts": planted(SMALL, "potts")}
    results["potts"]["mean/energy"][1] += 0.1 * is_apart
    found = PhaseDiagrams().combine(config, results)
    for figure in PhaseDiagrams().figures(config, found.metrics, found.arrays):
        title = figure.figure.get_suptitle()
        assert ("NOT IN EQUILIBRIUM, starts disagree: Potts" in title) == is_apart, figure.name
        assert not (is_apart and " in equilibrium at" in figure.caption.replace("not in equilibrium", ""))
        if figure.name == "stuck":
            stills = [axes for axes in figure.figure.axes if axes.images]
            assert len(stills) == 1  # of the one temperature below the transition


@pytest.mark.slow
def test_every_published_picture_is_drawn(found, tmp_path):
    config = PhaseDiagramsConfig(**{**SMALL.model_dump(), "ground": "light", "palette": "even"})
    names = []
    for figure in PhaseDiagrams().figures(config, found.metrics, found.arrays):
        figure.figure.savefig(tmp_path / f"{figure.name}.png", dpi=20)
        names.append(figure.name)
    assert names == [
        "ising-transition",
        *("potts-beta-0.50", "potts-beta-2.00", "potts-diagram"),
        *("xy-beta-0.60", "xy-beta-1.50", "xy-diagram"),
        *("stuck", "showcase", "side-by-side", "summary"),
    ]
    assert all((tmp_path / f"{name}.png").stat().st_size > 1000 for name in names)


def test_one_picture_is_drawn_on_black(found):
    from matplotlib.colors import to_hex

    figures = PhaseDiagrams().figures(SMALL, found.metrics, found.arrays)
    drawn = next(figure for figure in figures if figure.name == "xy-beta-1.50").figure
    assert to_hex(drawn.get_facecolor()) == "#000000"
    assert any("bound in pairs" in text.get_text() for axes in drawn.axes for text in axes.texts)


def test_published_settings_are_the_defaults():
    config = PhaseDiagramsConfig(**PhaseDiagrams.presets["published"])
    assert (config.ising.size, config.ising.periodic, len(config.ising.temperatures)) == (64, True, 15)
    assert (config.potts.size, config.potts.periodic, config.potts.num_states) == (32, False, 5)
    assert config.potts.betas == (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
    assert (config.xy.size, config.xy.periodic, config.xy.num_angles) == (32, False, 16)
    assert config.xy.betas == (0.3, 0.6, 0.9, 1.2, 1.5, 2.0)
    runs = [getattr(config, model).local for model in config.models]
    assert [(run.num_warmup, run.num_samples, run.thin) for run in runs] == [
        (500, 100, 5),
        (300, 500, 2),
        (400, 400, 2),
    ]


def test_critical_temperatures_and_the_exact_curve():
    assert critical_temperature(SMALL, "ising") == pytest.approx(2.269185, abs=1e-6)
    assert 1 / critical_temperature(SMALL, "potts") == pytest.approx(1.174359, abs=1e-6)
    np.testing.assert_allclose(
        spontaneous_magnetization(np.array([1.0, 1.2142857, 2.3])), [0.999276, 0.996761, 0.0], atol=2e-5
    )


def test_bad_lists_and_palettes_are_refused():
    with pytest.raises(ValueError, match=r"potts.betas = .*must ascend"):
        PhaseDiagrams().check(PhaseDiagramsConfig.model_validate({"potts": {"betas": (2.0, 1.0)}}))
    with pytest.raises(ValueError, match="palette = 'rainbows'"):
        PhaseDiagrams().check(PhaseDiagramsConfig(palette="rainbows"))


@pytest.mark.slow
def test_a_small_run_finds_the_exact_mean_energy():
    """Ising on a 4 x 4 torus, whose energies are enumerated."""
    config = PhaseDiagramsConfig.model_validate(
        {
            "models": ("ising",),
            "ising": {
                "size": 4,
                "temperatures": (1.8, 2.4, 3.5),
                "local": {"num_warmup": 5, "num_samples": 10},
            },
            "num_chains": 8,
            "num_samples": 400,
        }
    )
    study = PhaseDiagrams()
    metrics = study.combine(
        config, {task.name: study.compute(config, task) for task in study.tasks(config)}
    ).metrics
    spins = 2 * (np.arange(2**16)[:, None] >> np.arange(16) & 1).reshape(-1, 4, 4) - 1
    energies = -(spins * np.roll(spins, 1, 1) + spins * np.roll(spins, 1, 2)).sum((1, 2)) / 16
    for row in metrics["ising"]["rows"]:
        weights = np.exp(-16 * (energies - energies.min()) / row["temperature"])
        exact = (weights @ energies) / weights.sum()
        assert abs(row["energy"]["value"] - exact) < 5 * row["energy"]["error"]
        warmer = np.exp(-16 * (energies - energies.min()) / (1.1 * row["temperature"]))
        assert abs(row["energy"]["value"] - (warmer @ energies) / warmer.sum()) > 5 * row["energy"]["error"]
