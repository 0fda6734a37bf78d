"""Which series the figures of lattices draw, read back from their axes; every array has values of its own."""

import numpy as np
import pytest
from tests.support.told import assert_drawn, error_bars, is_drawn, series, told

from isotherm.estimate.kosterlitz import KNOWN_TEMPERATURE as KNOWN
from isotherm.studies.ising import figures as ising
from isotherm.studies.ising.config import IsingConfig
from isotherm.studies.lattice.critical import ISING_TEMPERATURE
from isotherm.studies.phases import curves as phases
from isotherm.studies.phases.view import View
from isotherm.studies.potts import figures as potts
from isotherm.studies.potts.config import PottsConfig
from isotherm.studies.xy import clock_drawings, drawings
from isotherm.studies.xy.drawings import Data

pytestmark = pytest.mark.usefixtures("nothing_global")

RATIOS = ("binder", "correlation_ratio")
RNG = np.random.default_rng(7)
QUANTITIES = (
    "energy",
    "heat_capacity",
    "magnetization",
    "connected",
    "susceptibility",
    "binder",
    "correlation_ratio",
)


def rows(*shape: int) -> np.ndarray:
    """Values from 0.5 to 1.5, none like another."""
    return RNG.uniform(0.5, 1.5, shape)


def bars_at(values: np.ndarray, errors: np.ndarray) -> np.ndarray:
    return np.stack([values - errors, values + errors], axis=-1)


def assert_bars(axes, *wanted: np.ndarray) -> None:
    found = [bars for bars in error_bars(axes) if len(bars)]
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other)


ISING = IsingConfig(
    sizes=(4, 8),
    temperatures=(2.0, 2.4, 3.0),
    critical_sizes=(16, 4, 8),
    dynamic_sizes=(4, 8),
    quench_size=32,
)


@pytest.fixture(scope="module")
def ising_figures() -> tuple[dict, dict, dict]:
    arrays = {f"curves/{n}/{name}": rows(2, 3) for n in ISING.sizes for name in QUANTITIES}
    arrays["curves/8/correlation_ratio"][0, 0] = 2.5  # beyond what is shown
    arrays |= {"exact/temperature": np.linspace(2, 3, 5), "exact/limit/magnetization": rows(5)}
    arrays |= {f"exact/{n}/{name}": rows(5) for n in ISING.sizes for name in ("energy", "heat_capacity")}
    for n in ISING.critical_sizes:
        arrays[f"critical/{n}/temperature"] = np.sort(rows(4)) + 1.5
        arrays |= {f"critical/{n}/{name}": rows(2, 4) for name in QUANTITIES}
        arrays |= {f"critical/{n}/fit/{name}": rows(2, 6) for name in ("binder", "correlation_ratio")}
    arrays |= {f"law/{key}": rows(4, 3) for key in ising.LAWS}
    arrays |= {f"relaxation/{method}": rows(3, 2) for method in ising.METHODS}
    times = np.array([1.0, 5.0, 20.0, 40.0])
    arrays["quench/length"] = np.stack([times, [1.0, 2.0, 5.0, 6.0], [0.1, 0.2, 0.3, 0.4]])
    arrays["quench/states"] = np.stack([np.ones((4, 4), np.int8), -np.ones((4, 4), np.int8)])
    arrays["quench/states"][1, 0] = 1
    metrics = {
        "temperature": told(2.25, 0.02),
        "exponents": {
            key: told(0.5 + i / 8) | {"chi2": 1.0} for i, key in enumerate((*ising.LAWS, "inverse_nu"))
        },
        "crossings": {
            "binder": {"pairs": [told(2.26, 0.01, size=4), told(2.27, 0.005, size=8)]},
            "correlation_ratio": {"pairs": [told(2.29, 0.02, size=4)]},
        },
        "dynamics": {m: {"z": told(1.5 + i, 0.1), "amplitude": 0.3 + i} for i, m in enumerate(ising.METHODS)},
        "quench": {"growth": told(0.5) | {"amplitude": 2.0}},
    }
    return {one.name: one for one in ising.figures(ISING, metrics, arrays)}, metrics, arrays


def test_ising_curves_are_those_of_their_quantity_and_size(ising_figures) -> None:
    figures, _, arrays = ising_figures
    temperatures = np.array(ISING.temperatures)
    for axes, name in zip(figures["curves"].figure.axes, ising.LABELS, strict=True):
        exact = [arrays[key] for key in (f"exact/{n}/{name}" for n in ("limit", 4, 8)) if key in arrays]
        for line in exact:
            assert is_drawn(axes, arrays["exact/temperature"], line)
        four, eight = arrays[f"curves/4/{name}"], arrays[f"curves/8/{name}"]
        kept = slice(1, None) if name == "correlation_ratio" else slice(None)
        assert is_drawn(axes, temperatures, four[0])
        assert is_drawn(axes, temperatures[kept], eight[0, kept])
        assert_bars(axes, bars_at(*four), bars_at(*eight[:, kept]))
        assert len(series(axes)) == len(exact) + 3, "and the mark at the critical temperature"
        assert is_drawn(axes, [ISING_TEMPERATURE] * 2, [0, 1])
        assert axes.get_title("left") == ising.LABELS[name][0]


def test_ising_crossings_and_fits_are_drawn(ising_figures) -> None:
    figures, _, arrays = ising_figures
    left, middle, right = figures["crossings"].figure.axes
    for axes, name in ((left, "binder"), (middle, "correlation_ratio")):
        for n in ISING.critical_sizes:
            assert is_drawn(axes, arrays[f"critical/{n}/temperature"], arrays[f"critical/{n}/{name}"][0])
            assert is_drawn(axes, *arrays[f"critical/{n}/fit/{name}"])
    points = series(right, 1)
    assert [(x.tolist(), y.tolist()) for x, y in points[1:]] == [
        ([4, 8], [2.26, 2.27]),
        ([4], [2.29]),
        ([16], [2.25]),
    ]
    assert_bars(
        right, np.array([[2.25, 2.27], [2.265, 2.275]]), np.array([[2.27, 2.31]]), np.array([[2.23, 2.27]])
    )


def test_ising_collapse_scales_each_size(ising_figures) -> None:
    figures, metrics, arrays = ising_figures
    exponents = {key: found["value"] for key, found in metrics["exponents"].items()}
    powers = {
        "binder": 0,
        "magnetization": exponents["beta_over_nu"],
        "susceptibility": -exponents["gamma_over_nu"],
    }
    for axes, (name, power) in zip(figures["collapse"].figure.axes, powers.items(), strict=True):
        wanted = []
        for n in (4, 8, 16):
            x = (arrays[f"critical/{n}/temperature"] / 2.25 - 1) * n ** exponents["inverse_nu"]
            wanted.append((x, arrays[f"critical/{n}/{name}"][0] * n**power))
        assert_drawn(axes, *wanted)


def test_ising_power_laws_have_points_fit_and_exact_slope(ising_figures) -> None:
    figures, metrics, arrays = ising_figures
    for axes, (key, (_, _, _, exact)) in zip(
        figures["exponents"].figure.axes, ising.LAWS.items(), strict=True
    ):
        x, y, error, line = arrays[f"law/{key}"]
        assert_drawn(axes, (x, y[0] * (x / x[0]) ** exact), (x, line), (x, y))
        assert_bars(axes, bars_at(y, error))
        assert ising.plus_minus(metrics["exponents"][key]) in axes.get_title("left")
    assert [found[3] for found in ising.LAWS.values()] == [-0.125, 1.75, 1.0, 1.0]


def test_ising_relaxation_and_quench_are_drawn(ising_figures) -> None:
    figures, _, arrays = ising_figures
    (axes,) = figures["relaxation"].figure.axes
    (x, y, _), (u, v, _) = (arrays[f"relaxation/{method}"] for method in ("heat-bath", "swendsen-wang"))
    assert_drawn(axes, (x, 0.3 * x**1.5), (u, 1.3 * u**2.5), (x, y), (u, v))
    first, second, growth = figures["quench"].figure.axes
    assert (first.get_title("left"), second.get_title("left")) == ("|m| = 1.00", "|m| = 0.50")
    # the law where domains grow freely: from 5 sweeps on, below a sixth of 32 sites
    assert_drawn(growth, ([1, 5, 20, 40], [1, 2, 5, 6]), ([5, 20], [2 * 5**0.5, 2 * 20**0.5]))
    assert_bars(growth, np.array([[0.9, 1.1], [1.8, 2.2], [4.7, 5.3], [5.6, 6.4]]))


def test_potts_figures_draw_their_states_and_sizes() -> None:
    config = PottsConfig(
        states=(2, 3), guesses=(0.88, 1.0), windows=(0.5, 0.4), critical_sizes=(4, 12, 8), jumping_sizes=(6, 8),
        curve_betas=(0.5, 1.0, 1.5),
    )  # fmt: skip
    names = ("order", "energy", "heat_capacity")
    arrays = {f"curves/{q}/{name}": rows(2, 3) for q in (2, 3, 10) for name in names}
    for q in (2, 3):
        arrays |= {f"critical/{q}/{n}/binder": rows(3, 4) for n in (4, 8, 12)}
        arrays |= {f"critical/{q}/{n}/fit/binder": rows(2, 5) for n in (4, 8, 12)}
        arrays[f"histogram/{q}"] = rows(2, 7)
    arrays |= {f"jump/{n}": rows(2, 7) for n in (6, 8)} | {"hysteresis/betas": rows(3)}
    arrays |= {f"hysteresis/{start}": rows(2, 3) for start in ("order", "disorder")}
    figures = {one.name: one.figure for one in potts.figures(config, {"jump": {"exact": 1.43}}, arrays)}
    for axes, name in zip(figures["curves"].axes, names, strict=True):
        for q in (2, 3, 10):
            assert is_drawn(axes, config.curve_betas, arrays[f"curves/{q}/{name}"][0])
        assert_bars(axes, *(bars_at(*arrays[f"curves/{q}/{name}"]) for q in (2, 3, 10)))
    marks = [x[0] for x, _ in series(figures["curves"].axes[0]) if len(x) == 2]
    assert marks == pytest.approx(np.log1p(np.sqrt([2, 3, 10])))
    for axes, q in zip(figures["crossings"].axes, (2, 3), strict=True):
        for n in (4, 8, 12):
            x, y, _ = arrays[f"critical/{q}/{n}/binder"]
            assert is_drawn(axes, x, y)
            assert is_drawn(axes, *arrays[f"critical/{q}/{n}/fit/binder"])
        assert axes.get_title("left") == f"q = {q}"
    left, right = figures["histograms"].axes
    assert_drawn(left, tuple(arrays["histogram/2"]), tuple(arrays["histogram/3"]))
    assert_drawn(right, tuple(arrays["jump/6"]), tuple(arrays["jump/8"]))
    (axes,) = figures["hysteresis"].axes
    betas = arrays["hysteresis/betas"]
    ends = [(betas, arrays[f"hysteresis/{start}"][0]) for start in ("order", "disorder")]
    assert_drawn(axes, ([1.43, 1.43], [0, 1]), *ends)


XY_QUANTITIES = (
    "energy",
    "heat_capacity",
    "vortex_density",
    "abs_magnetization",
    "magnetization2",
    "helicity_modulus",
)


@pytest.fixture(scope="module")
def xy_data() -> Data:
    arrays = {
        "curve/temperatures": np.array([0.2, 0.6, 0.9, 1.2]), "critical/temperatures": np.array([0.88, 0.9, 0.92]),
        "six/temperatures": np.array([0.6, 0.8]), "clock/temperatures": np.array([0.2, 0.6, 0.9, 1.2]),
    }  # fmt: skip
    cells = {"curve": ((8, 16), 4), "clock": ((16,), 4), "critical": ((4, 8, 16), 3), "six": ((4, 8), 2)}
    for part, (sizes, count) in cells.items():
        for size in sizes:
            arrays |= {f"{part}.{size}/{name}": rows(count) for name in XY_QUANTITIES}
            arrays |= {f"{part}.{size}/{name}/error": 0.1 * rows(count) for name in XY_QUANTITIES}
            arrays[f"{part}.{size}/starts"] = rows(4, count)
        arrays |= {f"{part}/eta": 0.2 * rows(count), f"{part}/eta/error": 0.02 * rows(count)}
    fits = [
        {"name": "L ≥ 4", "temperature": 0.893, "error": 0.001, "constant": 1.0},
        {"name": "plain crossings", "temperature": 0.889, "error": 0.004, "constant": 0.5},
    ]
    crossings = [
        {"size": 4, "plain": (0.97, 0.002), "corrected": (0.894, 0.003)},
        {"size": 8, "plain": (0.95, 0.004), "corrected": None},
    ]
    found = {"fits": fits, "crossings": crossings, "amplitude": 0.25, "temperature": 0.893, "error": 0.002}
    return Data((4, 8, 16), (8, 16), (4, 8), arrays, {"transition": found})


def test_xy_curves_are_those_of_their_quantity_and_size(xy_data: Data) -> None:
    wide, near = drawings.helicity(xy_data).figure.axes
    temperatures = xy_data.arrays["curve/temperatures"]
    for size in (8, 16):
        assert is_drawn(wide, temperatures, xy_data.arrays[f"curve.{size}/helicity_modulus"])
    for size in (4, 8, 16):
        at = xy_data.arrays["critical/temperatures"]
        assert is_drawn(near, at, xy_data.arrays[f"critical.{size}/helicity_modulus"])
    assert is_drawn(wide, [0, 0.7], [1, 1 - 0.7 / 4]), "spin waves"
    for axes in (wide, near):
        jump = [
            (x, y) for x, y in series(axes) if len(x) == 2 and x[0] != x[1] and not np.allclose(y, 1 - x / 4)
        ]
        assert any(np.allclose(y, 2 * x / np.pi) for x, y in jump)
    names = ("energy", "heat_capacity", "vortex_density", "abs_magnetization")
    for axes, name in zip(drawings.thermodynamics(xy_data).figure.axes, names, strict=True):
        for size in (8, 16):
            assert is_drawn(axes, temperatures, xy_data.arrays[f"curve.{size}/{name}"])
        ends = [xy_data.line(f"curve.{size}", name)[1:] for size in (8, 16)]
        assert_bars(axes, *(bars_at(*one) for one in ends))
        assert is_drawn(axes, [KNOWN] * 2, [0, 1])
    assert is_drawn(drawings.thermodynamics(xy_data).figure.axes[0], [0, 0.8], [-2, -1.6])
    assert pytest.approx(0.89294) == KNOWN


def test_xy_transition_draws_crossings_fits_and_the_quoted_band(xy_data: Data) -> None:
    axes, fits = drawings.transition(xy_data).figure.axes
    places = 1 / np.log([4, 8]) ** 2
    assert is_drawn(axes, places, [0.97, 0.95])
    assert is_drawn(axes, places, [0.894, np.nan])
    (x, y) = next((x, y) for x, y in series(axes) if len(x) == 200)
    log_size = 1 / np.sqrt(x)
    np.testing.assert_allclose(y, 0.889 + 0.25 / (log_size + 0.5) ** 2)
    assert is_drawn(axes, [0, 1], [KNOWN] * 2)
    points = [(float(x[0]), float(y[0])) for x, y in series(fits, 1) if len(x) == 1]
    assert points == [(0.893, 0.0), (0.889, -1.0)]
    (band,) = fits.patches
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((0.891, 0.895))
    assert fits.get_title("left") == "Fits; quoted 0.8930 ± 0.0020"


def test_xy_decay_and_its_two_predictions_are_drawn(xy_data: Data) -> None:
    (axes,) = drawings.decay(xy_data).figure.axes
    arrays = xy_data.arrays
    assert is_drawn(axes, [0.2, 0.6, 0.9], arrays["curve/eta"][:3])
    assert is_drawn(axes, arrays["critical/temperatures"], arrays["critical/eta"])
    assert is_drawn(axes, [0, KNOWN], [0, KNOWN / (2 * np.pi)])
    stiffness = arrays["curve.16/helicity_modulus"][:2]
    assert is_drawn(axes, [0.2, 0.6], np.array([0.2, 0.6]) / (2 * np.pi * stiffness))
    assert is_drawn(axes, [0, 1], [0.25, 0.25])


def test_clock_models_stand_beside_xy(xy_data: Data) -> None:
    shown, gaps = clock_drawings.beside(xy_data, 16).figure.axes
    arrays, temperatures = xy_data.arrays, xy_data.arrays["curve/temperatures"]
    for part in ("curve", "clock"):
        assert is_drawn(shown, temperatures, arrays[f"{part}.16/helicity_modulus"])
    for name in clock_drawings.QUANTITIES:
        errors = np.hypot(arrays[f"curve.16/{name}/error"], arrays[f"clock.16/{name}/error"])
        z = (arrays[f"clock.16/{name}"] - arrays[f"curve.16/{name}"]) / errors
        assert is_drawn(gaps, temperatures, np.clip(z, -9, 9))
    order, stiff, eta = clock_drawings.six_angles(xy_data).figure.axes
    at = arrays["six/temperatures"]
    for axes, name in ((order, "abs_magnetization"), (stiff, "helicity_modulus")):
        assert all(is_drawn(axes, at, arrays[f"six.{size}/{name}"]) for size in (4, 8))
    assert is_drawn(eta, at, arrays["six/eta"])
    assert_bars(eta, bars_at(arrays["six/eta"], arrays["six/eta/error"]))
    for level in (1 / 9, 1 / 4):
        assert is_drawn(eta, [0, 1], [level] * 2)


def test_scores_of_starts_are_drawn_by_quantity(xy_data: Data) -> None:
    for row, axes in enumerate(clock_drawings.starts(xy_data).figure.axes):
        for part, sizes in (("curve", (8, 16)), ("critical", (4, 8, 16)), ("six", (4, 8))):
            at = xy_data.arrays[f"{part}/temperatures"]
            assert all(is_drawn(axes, at, xy_data.arrays[f"{part}.{size}/starts"][row]) for size in sizes)
        (band,) = axes.patches
        assert band.get_y() == pytest.approx(-1.96, abs=1e-3)


@pytest.fixture(scope="module")
def view() -> View:
    arrays: dict[str, np.ndarray] = {}
    names = (
        "abs_magnetization",
        "susceptibility",
        "energy",
        "largest_fraction",
        "helicity_modulus",
        "vortex_density",
    )
    for model in ("ising", "potts", "xy"):
        arrays[f"{model}/temperatures"] = arrays[f"{model}/pictured"] = np.array([1.0, 2.2, 3.0])
        for start in ("order", "disorder", "all"):
            arrays |= {f"{model}/{start}/{name}": rows(3) for name in names}
            arrays |= {f"{model}/{start}/{name}/error": 0.1 * rows(3) for name in names}
    arrays |= {"ising/exact/temperatures": np.linspace(1, 3, 6), "ising/exact/order": rows(6)}
    arrays["ising/averages"] = np.stack([np.full((4, 4), level) for level in (0.9, 0.5, 0.1)])
    states = np.ones((3, 2, 1, 1, 4, 4), np.int8)
    states[1, 0, 0, 0, 0] = states[2, 0, 0, 0] = -1
    arrays["ising/states"] = states
    starts = {"worst_z": 1.0, "bound": 4.0}
    metrics = {
        "ising": {"critical_temperature": 2.269, "starts": starts},
        "potts": {"critical_temperature": 0.85, "starts": starts},
        "xy": {"critical_temperature": 0.893, "starts": starts | {"worst_z": 4.5}},
    }
    wheres = dict.fromkeys(("ising", "potts", "xy"), "4 × 4")
    return View("light", "even", wheres, 5, 16, metrics, arrays)


def assert_both_starts(view: View, axes, model: str, name: str) -> None:
    lines = [view.line(model, start, name) for start in ("order", "disorder")]
    for at, values, _ in lines:
        assert is_drawn(axes, at, values)
    assert_bars(axes, *(bars_at(values, errors) for _, values, errors in lines))


def test_diagrams_draw_both_starts_of_their_quantity(view: View) -> None:
    order, energy = phases.potts_diagram(view).figure.axes
    assert_both_starts(view, order, "potts", "largest_fraction")
    assert_both_starts(view, energy, "potts", "energy")
    assert is_drawn(order, [0, 1], [0.2, 0.2]), "one over five states"
    assert is_drawn(energy, [0.85] * 2, [0, 1])
    figure = phases.xy_diagram(view)
    names = ("abs_magnetization", "energy", "helicity_modulus", "vortex_density")
    for axes, name in zip(figure.figure.axes, names, strict=True):
        assert_both_starts(view, axes, "xy", name)
        assert is_drawn(axes, [0.893] * 2, [0, 1])
    assert is_drawn(figure.figure.axes[2], [0, 1.5], [0, 3 / np.pi])
    assert "not in equilibrium (starts disagree)" in figure.caption
    assert "NOT IN EQUILIBRIUM, starts disagree: Planar spins" in figure.figure.get_suptitle()


def test_the_ising_transition_draws_means_curves_and_states(view: View) -> None:
    figure = phases.ising_transition(view)
    axes = figure.figure.axes
    pictures = [one for one in axes if one.images and one.get_title("left")]
    assert [float(np.asarray(one.images[0].get_array())[0, 0]) for one in pictures] == pytest.approx(
        [0.9, 0.5, 0.1]
    )
    assert [one.get_title("left") for one in pictures] == [
        f"mean spin at T = {where} $T_c$" for where in ("1.00, below", "2.20, near", "3.00, above")
    ]
    order, response = (one for one in axes if one.get_xlabel() == "temperature")
    assert_both_starts(view, order, "ising", "abs_magnetization")
    assert_both_starts(view, response, "ising", "susceptibility")
    assert is_drawn(order, view.arrays["ising/exact/temperatures"], view.arrays["ising/exact/order"])
    strip = [one for one in axes if one.get_xlabel() in ("1.00", "2.20", "3.00")]
    means = [float(np.asarray(one.images[0].get_array(), float).mean()) for one in strip]
    assert means[0] != means[1] != means[2]
    assert "in equilibrium" in figure.caption
