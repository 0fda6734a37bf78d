"""Metrics and arrays that the studies of lattices make of block means, number by number."""

import math

import numpy as np
import pytest
from scipy import stats
from tests.studies.lattice.test_study_ising import CONFIG as ISING
from tests.studies.lattice.test_study_ising import made_up_results
from tests.studies.lattice.test_study_phase_diagrams import SMALL as PHASES
from tests.studies.lattice.test_study_phase_diagrams import planted
from tests.studies.lattice.test_study_potts import CONFIG as POTTS
from tests.studies.lattice.test_study_potts import results as potts_results  # noqa: F401
from tests.studies.lattice.test_study_xy import planted_means

from isotherm.estimate.autocorrelation import WithError
from isotherm.estimate.kosterlitz import FittedTransition, power_law
from isotherm.estimate.scaling import Scaling
from isotherm.exact.lattice.onsager import kaufman, spontaneous_magnetization
from isotherm.studies.ising import results as ising
from isotherm.studies.lattice.estimates import disagreement, estimates
from isotherm.studies.phases import results as phases
from isotherm.studies.potts import results as potts
from isotherm.studies.xy import results as xy
from isotherm.studies.xy.config import XYConfig, parts
from isotherm.study.base import Result


def block_quantities(
    task: dict[str, np.ndarray], temperatures: np.ndarray, size: int
) -> dict[str, np.ndarray]:
    """The formulas, of means over all blocks."""
    m = {name[5:]: value.mean((0, 2, 3)) for name, value in task.items() if name.startswith("mean/")}
    ratio = np.sqrt(m["magnetization2"] / m["structure_kmin"] - 1)
    return {
        "energy": m["energy"],
        "heat_capacity": size**2 / temperatures**2 * (m["energy2"] - m["energy"] ** 2),
        "magnetization": m["abs_magnetization"],
        "susceptibility": size**2 / temperatures * m["magnetization2"],
        "connected": size**2 / temperatures * (m["magnetization2"] - m["abs_magnetization"] ** 2),
        "binder": 1 - m["magnetization4"] / (3 * m["magnetization2"] ** 2),
        "correlation_ratio": ratio / (2 * size * np.sin(np.pi / size)),
    }


def mean_error(blocks: np.ndarray) -> np.ndarray:
    flat = np.moveaxis(blocks, 1, 0).reshape(blocks.shape[1], -1)
    return flat.std(-1, ddof=1) / np.sqrt(flat.shape[1])


@pytest.fixture(scope="module")
def ising_results() -> dict[str, dict[str, np.ndarray]]:
    return made_up_results(ISING)


@pytest.fixture(scope="module")
def of_ising(ising_results) -> Result:
    return ising.combine(ISING, ising_results)


def test_ising_arrays_are_values_with_errors(of_ising: Result, ising_results) -> None:
    temperatures = np.array(ISING.temperatures)
    task = ising_results["curves.8"]
    for name, value in block_quantities(task, temperatures, 8).items():
        found, error = of_ising.arrays[f"curves/8/{name}"]
        np.testing.assert_allclose(found, value, rtol=1e-9)
        assert (error > 0).all()
    errors = of_ising.arrays["curves/8/energy"][1]
    np.testing.assert_allclose(errors, mean_error(task["mean/energy"]), rtol=0.6)
    for n in ISING.critical_sizes:
        at = 1 / ising_results[f"critical.{n}"]["betas"]
        np.testing.assert_allclose(of_ising.arrays[f"critical/{n}/temperature"], at)
        for name, value in block_quantities(ising_results[f"critical.{n}"], at, n).items():
            np.testing.assert_allclose(of_ising.arrays[f"critical/{n}/{name}"][0], value, rtol=1e-9)
        fine, line = of_ising.arrays[f"critical/{n}/fit/binder"]
        assert (len(fine), fine[0], fine[-1]) == (50, at.min(), at.max())
        points = of_ising.arrays[f"critical/{n}/binder"][0]
        np.testing.assert_allclose(np.interp(at, fine, line), points, atol=4e-3)


def test_ising_stands_beside_kaufman_and_yang(of_ising: Result) -> None:
    exact = [kaufman(8, 8, 1 / t) for t in ISING.temperatures]
    scores = []
    for name in ("energy", "heat_capacity"):
        truth = np.array([one[f"{name}_per_site"] for one in exact])
        np.testing.assert_allclose(of_ising.arrays[f"curves/8/exact_{name}"], truth)
        value, error = of_ising.arrays[f"curves/8/{name}"]
        scores.append((value - truth) / error)
    m = of_ising.metrics["curves"]
    assert m["num_compared"] == 6
    assert m["worst_z"] == pytest.approx(np.abs(scores).max())
    assert m["rms_z"] == pytest.approx(np.sqrt(np.mean(np.square(scores))))
    # one thousandth among six, of as many blocks as both starts have, less one
    dof = 2 * ISING.num_chains * ising.NUM_BLOCKS - 1
    assert m["bound"] == pytest.approx(stats.t.ppf(1 - 1e-3 / 12, df=dof), rel=1e-9)
    at = of_ising.arrays["exact/temperature"]
    assert {1.8, 2.1, 2.5, 3.0} <= set(np.round(at, 12))
    where = int(np.argmin(np.abs(at - 2.2)))
    assert of_ising.arrays["exact/8/energy"][where] == pytest.approx(
        kaufman(8, 8, 1 / at[where])["energy_per_site"]
    )
    yang = [spontaneous_magnetization(1 / t) for t in at]
    np.testing.assert_allclose(of_ising.arrays["exact/limit/magnetization"], yang)


def test_ising_errors_hold_chance_and_system(of_ising: Result) -> None:
    found = of_ising.metrics["temperature"]
    assert found["systematic"] == max(map(abs, found["shifts"].values())) > 0
    assert found["error"] == pytest.approx(math.hypot(found["statistical"], found["systematic"]))
    assert len(found["shifts"]) == 3
    assert found["without_smallest"] is None, "two sizes are too few"
    assert of_ising.metrics["exponents"]["inverse_nu"] == found["inverse_nu"]
    assert found["limits"]["binder"]["value"] == pytest.approx(0.61, abs=0.01)
    assert found["limits"]["correlation_ratio"]["value"] == pytest.approx(0.905, abs=0.02)


def test_ising_power_laws_and_crossings_are_kept(of_ising: Result) -> None:
    t_c = of_ising.metrics["temperature"]["value"]
    sizes = np.array([4.0, 8, 16])
    for key, name in (("beta_over_nu", "magnetization"), ("gamma_over_nu", "susceptibility")):
        at, value, error, line = of_ising.arrays[f"law/{key}"]
        np.testing.assert_array_equal(at, sizes)
        near = [
            np.interp(t_c, *(of_ising.arrays[f"critical/{n}/{part}"][...] for part in ("temperature",)),
                      of_ising.arrays[f"critical/{n}/{name}"][0]) for n in (4, 8, 16)
        ]  # fmt: skip
        np.testing.assert_allclose(value, near, rtol=0.03)
        np.testing.assert_allclose(line, value, rtol=0.01)
        assert (error < 0.02 * value).all()
    # U falls by 0.08 (T / T_c - 1) L
    slopes = of_ising.arrays["law/inverse_nu_of_binder"][1]
    np.testing.assert_allclose(slopes, 0.08 * sizes / 2.269, rtol=0.1)
    for one in of_ising.metrics["crossings"].values():
        assert [pair["size"] for pair in one["pairs"]] == [4, 8]
        for pair in one["pairs"]:
            assert abs(pair["value"] - 2.269185) < 5 * pair["error"] < 0.2
        assert abs(one["limit"]["value"] - 2.269185) < 5 * one["limit"]["error"]


def test_ising_relaxation_counts_in_steps(of_ising: Result) -> None:
    m = of_ising.metrics["dynamics"]
    for method in ("heat-bath", "swendsen-wang"):
        sizes, times, errors = of_ising.arrays[f"relaxation/{method}"]
        np.testing.assert_array_equal(sizes, [4, 8])
        assert [one["value"] for one in m[method]["times"]] == pytest.approx(times)
        assert [one["error"] for one in m[method]["times"]] == pytest.approx(errors)
        for at, size in enumerate((4, 8)):
            # draws are two steps apart; correlations exp(-t / size)
            memory = math.exp(-1 / size)
            assert times[at] == pytest.approx(2 * 0.5 * (1 + memory) / (1 - memory), rel=0.4)
        slope = math.log(times[1] / times[0]) / math.log(2)
        assert m[method]["z"]["value"] == pytest.approx(slope, rel=1e-6)
        assert m[method]["amplitude"] == pytest.approx(times[0] / 4**slope, rel=1e-6)
        assert m[method]["chi2"] is None


def test_ising_quench_counts_stripes_and_walls(of_ising: Result) -> None:
    found = of_ising.metrics["quench"]
    assert found["striped"] == pytest.approx({"value": 0.25, "error": math.sqrt(0.25 * 0.75 / 16)})
    m = np.array([0.1] * 4 + [1.0] * 12)
    assert found["magnetization"] == pytest.approx({"value": m.mean(), "error": m.std(ddof=1) / 4})
    assert found["exact_magnetization"] == pytest.approx(spontaneous_magnetization(1.0))
    times, length, _ = of_ising.arrays["quench/length"]
    assert (times[0], times[-1]) == (1, 40)
    # walls fall as 0.4 / sqrt(t) down to two over the size; at the end three in four have none
    inner = times < 40
    np.testing.assert_allclose(length[inner], 1 / np.maximum(0.4 / np.sqrt(times[inner]), 2 / 16))
    assert length[-1] == pytest.approx(1 / (0.25 * 2 / 16))
    states = of_ising.arrays["quench/states"]
    assert [abs(one.mean()) for one in states.astype(float)] == [0, 0, 1, 1]


def test_starts_are_compared_over_curves_and_windows(of_ising: Result, ising_results) -> None:
    scores = np.concatenate(
        [
            ising.start_scores(ising.moments_of(task), ("energy", "magnetization2")).ravel()
            for name, task in ising_results.items()
            if name.startswith(("curves.", "critical."))
        ]
    )
    m = of_ising.metrics["starts"]
    assert m["num_compared"] == scores.size == 2 * (3 + 3 * ISING.num_points)
    assert m["worst_z"] == pytest.approx(np.abs(scores).max())
    assert m["rms_z"] == pytest.approx(np.sqrt(np.mean(scores**2)))
    assert m["bound"] == pytest.approx(
        stats.t.ppf(1 - 1e-3 / (2 * scores.size), df=2 * (ISING.num_chains - 1))
    )


def test_exact_curves_are_finer_around_the_critical_point() -> None:
    """Sixty steps over the temperatures of the study, and forty from 2.1 to 2.5 or as far as these reach."""
    for temperatures, ends in (((1.8, 2.27, 3.0), (2.1, 2.5)), ((2.2, 2.3, 2.4), (2.2, 2.4))):
        config = ISING.model_copy(update={"temperatures": temperatures, "sizes": (4,)})
        arrays: dict[str, np.ndarray] = {}
        ising._exact_curves(config, arrays)
        low, high = temperatures[0], temperatures[-1]
        wide = [low + i * (high - low) / 60 for i in range(61)]
        near = [ends[0] + i * (ends[1] - ends[0]) / 40 for i in range(41)]
        found = arrays["exact/temperature"]
        np.testing.assert_array_equal(np.unique(found.round(9)), np.unique(np.round(wide + near, 9)))
        assert (np.diff(found) > 0).all()
        heat = [kaufman(4, 4, 1 / t)["heat_capacity_per_site"] for t in found[:2]]
        np.testing.assert_allclose(arrays["exact/4/heat_capacity"][:2], heat)


class Fits:
    """Stands for the joint fit: notes what is asked, and answers one made-up temperature after another."""

    def __init__(self, temperatures: list[float], chi2: float = 1.0) -> None:
        self.left, self.chi2, self.asked = list(temperatures), chi2, []

    def __call__(self, data, guess, degree=4, correction=2.0, max_rows=None) -> Scaling:
        self.asked.append((sorted(data), guess, degree, correction, max_rows))
        self.num_ratios = [len(ratios) for _, ratios in data.values()]
        rows = self.left.pop(0) + np.array([0.0, 0.01, -0.01])[: max_rows or 3]
        return Scaling(rows, 1.0 + 0 * rows, np.tile([0.61, 0.9], (len(rows), 1)), self.chi2)


def flat_ratios(sizes: tuple[int, ...]) -> tuple[dict, dict]:
    """Temperatures, and constant ratios told apart by their values; what is fitted to them is made up."""
    data = {n: {"binder": np.full((3, 4), 0.6), "correlation_ratio": np.full((3, 4), 0.9)} for n in sizes}
    return {n: np.linspace(2.2, 2.4, 4) for n in sizes}, data


def test_ising_varies_the_correction_and_both_degrees_and_drops_the_smallest_size(monkeypatch) -> None:
    fits = Fits([2.27, 2.271, 2.265, 2.272, 2.3])
    monkeypatch.setattr(ising, "fit_scaling", fits)
    sizes, guess = [4, 8, 16, 32], (ISING.guess, 1.0)
    found = ising._joint(ISING, *flat_ratios((4, 8, 16, 32)))
    assert fits.asked == [
        (sizes, guess, 3, 1.75, None),
        (sizes, guess, 3, 2.0, 1),
        (sizes, guess, 2, 1.75, 1),
        (sizes, guess, 4, 1.75, 1),
        (sizes[1:], guess, 3, 1.75, None),
    ]
    assert list(found["shifts"].values()) == pytest.approx([0.001, -0.005, 0.002])
    assert [name.split()[-1] for name in found["shifts"]] == ["2", "2", "4"]
    assert found["statistical"] == pytest.approx(0.01 * math.sqrt(2))
    assert found["systematic"] == pytest.approx(0.005)
    assert found["without_smallest"] == pytest.approx({"value": 0.03, "error": 0.0}, abs=1e-12)
    monkeypatch.setattr(ising, "fit_scaling", Fits([2.27] * 4))
    assert ising._joint(ISING, *flat_ratios((4, 8, 16)))["without_smallest"] is None


def test_potts_varies_sizes_corrections_and_ratios_and_widens_what_misses(monkeypatch) -> None:
    for chi2, wider in ((4.0, 2.0), (0.25, 1.0)):
        fits = Fits([2.0, 2.01, 1.99, 2.02, 1.97], chi2)
        monkeypatch.setattr(potts, "fit_scaling", fits)
        found, rows, _ = potts._joint(*flat_ratios((8, 12, 16)), 2.1)
        start, sizes = (2.1, 1.2), [8, 12, 16]
        assert fits.asked == [
            (sizes, start, 3, 1.0, None),
            ([12, 16], start, 3, None, 1),
            (sizes, start, 3, 2.0, 1),
            *[(sizes, start, 3, 1.0, 1)] * 2,
        ]
        assert fits.num_ratios == [1, 1, 1]
        assert (found["value"], rows[0]) == (0.5, 2.0)
        assert found["systematic"] == pytest.approx(1 / 1.97 - 0.5)
        spread = abs(1 / 2.01 - 1 / 1.99) / math.sqrt(2)
        assert found["statistical"] == pytest.approx(wider * spread)
        assert found["error"] == pytest.approx(math.hypot(found["statistical"], found["systematic"]))


def test_ising_curves_through_the_window_are_parabolas(of_ising: Result) -> None:
    """The fit, the values and slopes at the critical point and the crossings are those of ``polyfit``."""
    arrays, t_c = of_ising.arrays, of_ising.metrics["temperature"]["value"]

    def parabola(n: int, name: str) -> np.poly1d:
        value, error = arrays[f"critical/{n}/{name}"]
        return np.poly1d(np.polyfit(arrays[f"critical/{n}/temperature"], value, 2, w=1 / error))

    sizes = np.array(sorted(ISING.critical_sizes))
    powers = np.stack([np.log(sizes), np.ones(3), sizes**-1.75], axis=1)
    for key, name, sign in (
        ("beta_over_nu", "magnetization", -1),
        ("gamma_over_nu", "susceptibility", 1),
        ("inverse_nu_of_binder", "binder", 1),
        ("inverse_nu_of_correlation_ratio", "correlation_ratio", 1),
    ):
        lines = [parabola(n, name) for n in sizes]
        at = [abs(line.deriv()(t_c)) if "inverse" in key else line(t_c) for line in lines]
        np.testing.assert_allclose(arrays[f"law/{key}"][1], at, rtol=1e-6)
        # three sizes leave nothing to a law with a correction
        exponent = sign * np.linalg.solve(powers, np.log(at))[0]
        assert of_ising.metrics["exponents"][key]["value"] == pytest.approx(exponent, rel=1e-6)
    for name in ("binder", "correlation_ratio"):
        for n in sizes:
            fine, line = arrays[f"critical/{n}/fit/{name}"]
            np.testing.assert_allclose(line, parabola(n, name)(fine), rtol=1e-6)
        told = of_ising.metrics["crossings"][name]
        for pair in told["pairs"]:
            apart = parabola(pair["size"], name) - parabola(2 * pair["size"], name)
            assert np.abs(apart.roots - pair["value"]).min() < 1e-6
        small, large = (pair["value"] for pair in told["pairs"])
        weights = 4**-2.75, 8**-2.75  # T(L) = T_c + a L^-2.75
        limit = (large * weights[0] - small * weights[1]) / (weights[0] - weights[1])
        assert told["limit"]["value"] == pytest.approx(limit, rel=1e-9)


def test_potts_arrays_are_values_with_errors(potts_results) -> None:  # noqa: F811
    found = potts.combine(POTTS, potts_results)
    betas = np.array(POTTS.curve_betas)
    for q in (3, 10):
        swept = potts_results[f"curves.{q}"]
        task = {name: value.mean((0, 2, 3)) for name, value in swept.items() if name != "betas"}
        wanted = {
            "energy": task["mean/energy"],
            "order": (q * task["mean/largest_fraction"] - 1) / (q - 1),
            "heat_capacity": betas**2 * 64 * (task["mean/energy2"] - task["mean/energy"] ** 2),
        }
        for name, value in wanted.items():
            np.testing.assert_allclose(found.arrays[f"curves/{q}/{name}"][0], value, rtol=1e-6)
        np.testing.assert_allclose(
            found.arrays[f"curves/{q}/energy"][1],
            mean_error(potts_results[f"curves.{q}"]["mean/energy"]),
            rtol=0.6,
        )
    for size in POTTS.critical_sizes:
        task = potts_results[f"critical.3.{size}"]
        wanted = block_quantities(task, 1 / task["betas"], size)
        for name in ("binder", "correlation_ratio"):
            x, y, error = found.arrays[f"critical/3/{size}/{name}"]
            np.testing.assert_array_equal(x, task["betas"])
            np.testing.assert_allclose(y, wanted[name])
            assert ((error > 0) & (error < 1.5e-3)).all()
            fine, line = found.arrays[f"critical/3/{size}/fit/{name}"]
            np.testing.assert_allclose(np.interp(x, fine[::-1], line[::-1]), y, atol=2e-3)
    one = found.metrics["critical"][0]
    assert one["error"] == pytest.approx(math.hypot(one["statistical"], one["systematic"]))
    assert found.arrays["histogram/3/beta"] == pytest.approx(
        exact_nearest(potts_results["critical.3.16"]["betas"])
    )
    np.testing.assert_allclose(found.arrays["histogram/3"][0], np.linspace(-2, 0, 81)[1:] - 1 / 80)
    assert found.arrays["jump/16/beta"] == pytest.approx(even_nearest(potts_results["jump.16"]))


def exact_nearest(betas: np.ndarray) -> float:
    return float(betas[np.argmin(np.abs(betas - math.log(1 + math.sqrt(3))))])


def even_nearest(task: dict[str, np.ndarray]) -> float:
    return float(task["betas"][np.argmin(np.abs(task["mean/ordered"].mean((0, 2, 3)) - 0.5))])


def test_hysteresis_is_where_starts_differ_by_a_tenth_of_the_latent_heat_and_four_errors() -> None:
    betas = np.array([1.3, 1.4, 1.5, 1.6])
    gaps = np.array([0.069, 0.071, 0.5, 0.0])  # a tenth of 0.696 is 0.0696
    energy = np.stack([-1.5 - gaps, np.full(4, -1.5)])[:, :, None, None] * np.ones((2, 4, 4, 2))
    arrays: dict[str, np.ndarray] = {}
    found = potts._hysteresis(POTTS, {"mean/energy": energy, "betas": betas}, arrays)
    assert found == {"low": 1.4, "high": 1.5}
    np.testing.assert_allclose(arrays["hysteresis/order"][0], -1.5 - gaps)
    np.testing.assert_array_equal(arrays["hysteresis/betas"], betas)
    noise = np.array([0.3, -0.3, 0.3, -0.3])[:, None]
    found = potts._hysteresis(POTTS, {"mean/energy": energy + noise, "betas": betas}, arrays)
    assert found == {"low": None, "high": None}
    np.testing.assert_allclose(arrays["hysteresis/disorder"][1], 0.3 * math.sqrt(4 / 3) / 2)


def test_starts_differ_where_they_are_farther_apart_than_a_tenth_and_four_common_errors() -> None:
    spread = 0.03  # of four chains to either side: each error is spread / √3
    least = 0.1 * 0.696049 + 4 * math.hypot(spread, spread) / math.sqrt(3)
    gaps = least + np.array([-1e-4, 1e-4, 0.1, 1e-4, -1e-4])
    energy = np.stack([-1.5 - gaps, np.full(5, -1.5)])[:, :, None, None] * np.ones((2, 5, 4, 2))
    energy += spread * np.array([1.0, -1.0, 1.0, -1.0])[:, None]
    task = {"mean/energy": energy, "betas": np.array([1.3, 1.4, 1.5, 1.6, 1.7])}
    arrays: dict[str, np.ndarray] = {}
    assert potts._hysteresis(POTTS, task, arrays) == {"low": 1.4, "high": 1.6}
    np.testing.assert_allclose(arrays["hysteresis/order"][1], spread / math.sqrt(3))
    np.testing.assert_allclose(arrays["hysteresis/disorder"][0], -1.5)


def test_only_temperatures_of_both_phases_weigh_them() -> None:
    """Shares from 2 to 98 %, on a straight line; where fewer than two are left, those nearest to ``q / (q + 1)``."""
    betas = np.array([1.40, 1.41, 1.42, 1.44, 1.45, 1.46])

    def weighed(shares: list[float]) -> tuple[np.ndarray, float]:
        odds = np.log(np.array(shares) / (1 - np.array(shares)))
        rows = odds + np.array([0.0, 1e-3, -1e-3])[:, None]  # errors alike
        return odds - math.log(10), potts._equal_weights(betas, 1 / (1 + np.exp(-rows)), 10)[0]

    for shares in (
        [0.005, 0.019, 0.03, 0.96, 0.981, 0.5],
        [0.005, 0.021, 0.3, 0.6, 0.979, 0.99],
        [0.005, 0.010, 0.3, 0.6, 0.985, 0.99],
    ):
        ratio, found = weighed(shares)
        inside = (np.array(shares) > 0.02) & (np.array(shares) < 0.98)
        slope, level = np.polyfit(betas[inside], ratio[inside], 1)
        assert found == pytest.approx(-level / slope, abs=1e-6)
    ratio, found = weighed([0.005, 0.01, 0.015, 0.5, 0.985, 0.995])
    assert found == pytest.approx(1.45 - ratio[4] * 0.01 / (ratio[5] - ratio[4]), abs=1e-6)
    # shares of one have no odds, and are taken for 0.9999
    sure = np.tile([0.0, 0.0, 0.0, 0.0, 0.995, 1.0], (3, 1))
    ratio = np.log([0.995 / 0.005, 0.9999 / 0.0001]) - math.log(10)
    found = potts._equal_weights(betas, sure, 10)[0]
    assert found == pytest.approx(1.45 - ratio[0] * 0.01 / (ratio[1] - ratio[0]), abs=1e-6)


def test_equal_weights_are_found_on_a_straight_line_of_log_odds() -> None:
    betas = np.linspace(1.40, 1.46, 7)
    ordered = 10 / (10 + np.exp(-60 * (betas - 1.43)))
    rows = np.stack([ordered, *(ordered * (1 + 1e-4 * np.sin(np.arange(7) + i)) for i in range(5))])
    # weights are as ten to one at 1.43
    assert potts._equal_weights(betas, rows, 10)[0] == pytest.approx(1.43, abs=1e-4)
    gap = potts._gap(
        betas,
        {"ordered": rows, "ordered_energy": -1.7 * rows, "energy": -1.7 * rows - 1.0 * (1 - rows)},
        np.full(6, 1.425),
    )
    np.testing.assert_allclose(gap, 0.7, rtol=1e-6)


XY = XYConfig(sizes=(8, 12, 16, 24, 32), smallest_fitted=12, curve_sizes=(8, 12), six_sizes=(8, 12))


@pytest.fixture(scope="module")
def xy_curves() -> list:
    rng = np.random.default_rng(4)
    return [(part, planted_means(rng, part.size, part.temperatures, XY.num_chains)) for part in parts(XY)]


def test_xy_metrics_are_those_of_their_curves(xy_curves: list) -> None:
    metrics, arrays = xy.findings(XY, xy_curves)
    scores = []
    for part, means in xy_curves:
        betas = 1 / np.array(part.temperatures)
        told = estimates(means, betas, part.size)
        np.testing.assert_array_equal(arrays[f"{part.name}/helicity_modulus"], told["helicity_modulus"].value)
        np.testing.assert_array_equal(arrays[f"{part.name}/energy/error"], told["energy"].error)
        apart = disagreement(means, betas, part.size)
        scores.append(np.stack([apart[name] for name in xy.COMPARED]))
        np.testing.assert_array_equal(arrays[f"{part.name}/starts"], scores[-1])
    flat = np.concatenate([one.ravel() for one in scores])
    bound = stats.t.ppf(1 - 1e-3 / (2 * flat.size), df=2 * (XY.num_chains - 1))
    assert metrics["starts"] == pytest.approx(
        {"worst_z": np.abs(flat).max(), "bound": bound, "num": flat.size}
    )
    inside = sum(0.3 < t < 2 for t in XY.temperatures)
    assert metrics["clock"]["num"] == 4 * inside
    assert metrics["clock"]["bound"] == pytest.approx(
        stats.t.ppf(1 - 1e-3 / (8 * inside), df=4 * XY.num_chains - 2)
    )
    for at, size in enumerate(XY.curve_sizes):
        heat = arrays[f"curve.{size}/heat_capacity"]
        assert metrics["peaks"][at] == {
            "temperature": XY.temperatures[int(heat.argmax())], "heat_capacity": heat.max(),
            "error": arrays[f"curve.{size}/heat_capacity/error"][heat.argmax()], "size": size,
        }  # fmt: skip
    for part, sizes in (("curve", XY.curve_sizes), ("critical", XY.sizes), ("six", XY.six_sizes)):
        pair = [
            np.stack([arrays[f"{part}.{n}/magnetization2{end}"] for n in sizes]) for end in ("", "/error")
        ]
        eta, error, _ = power_law(sizes, pair[0], np.maximum(pair[1], 1e-9))
        np.testing.assert_allclose(arrays[f"{part}/eta"], eta)
        np.testing.assert_allclose(arrays[f"{part}/eta/error"], error)
    np.testing.assert_array_equal(arrays["critical/temperatures"], XY.critical_temperatures)
    np.testing.assert_array_equal(arrays["six/temperatures"], XY.six_temperatures)


def test_the_systematic_error_is_the_largest_shift_of_one_size_more_or_less(monkeypatch) -> None:
    """Fits are made up: the temperature tells which sizes were fitted."""

    def fitted(curves, sizes) -> FittedTransition:
        assert len(curves) == len(sizes)
        return FittedTransition(
            {8: 0.890, 12: 0.893, 16: 0.897}[sizes[0]], 0.003, 1.0, 0.1, 2.0, 1, tuple(sizes)
        )

    def crossings(temperatures, errors, sizes) -> tuple[FittedTransition, float]:
        assert sizes == (8, 12, 24, 32)
        assert temperatures == pytest.approx([0.96, 0.94, 0.925, 0.92])
        return FittedTransition(0.8, 0.1, 0.5, 0.1, 2.0, 1, sizes), 0.25

    met = dict(zip(XY.sizes, (0.96, 0.94, None, 0.925, 0.92), strict=True))
    monkeypatch.setattr(xy, "fit_helicity", fitted)
    monkeypatch.setattr(xy, "fit_crossings", crossings)

    def crossing(curve, size, constant=math.inf) -> tuple[float, float] | None:
        at = met[size]
        return None if at is None else (at, 0.01 if constant == math.inf else 0.02)

    monkeypatch.setattr(xy, "crossing", crossing)
    flat = {"helicity_modulus": WithError(np.linspace(0.7, 0.5, 7), np.full(7, 0.01))}
    told = {f"critical.{n}": flat for n in XY.sizes}
    found = xy.transition(XY, told)
    assert [fit["name"] for fit in found["fits"]] == ["L ≥ 12", "L ≥ 8", "L ≥ 16", "plain crossings"]
    assert [fit["sizes"] for fit in found["fits"][:3]] == [
        (12, 16, 24, 32),
        (8, 12, 16, 24, 32),
        (16, 24, 32),
    ]
    assert (found["temperature"], found["statistical"], found["amplitude"]) == (0.893, 0.003, 0.25)
    assert found["systematic"] == pytest.approx(0.004)
    assert found["error"] == pytest.approx(0.005)
    assert found["crossings"][0] | {"chi2": 0} == {
        "size": 8, "plain": (0.96, 0.01), "corrected": (0.96, 0.02), "chi2": 0, "dof": 3
    }  # fmt: skip
    assert found["crossings"][2]["plain"] is None
    few = XY.model_copy(update={"sizes": (12, 16, 24)})
    met[12] = None
    alone = xy.transition(few, told)
    assert (alone["systematic"], alone["amplitude"]) == (0.0, 0.0)
    assert len(alone["fits"]) == 1


def test_six_angles_reach_a_ninth_and_a_quarter() -> None:
    at = np.array(XY.six_temperatures)
    eta = 0.5 * (at - 0.5)  # reaches 1/9 at 0.722 and 1/4 at 1
    told = {}
    for n in XY.six_sizes:
        value = n**-eta
        told[f"six.{n}"] = {"magnetization2": WithError(value, 0.01 * value)}
    found = xy._six(XY, told)
    assert found["lower"]["temperature"] == pytest.approx(0.5 + 2 / 9)
    assert found["upper"]["temperature"] == pytest.approx(1.0)
    error = 0.01 * math.sqrt(2) / math.log(1.5)
    assert found["upper"]["error"] == pytest.approx(error / 0.5, rel=1e-3)


def test_phases_keep_each_model_and_start_apart() -> None:
    results = {model: planted(PHASES, model, seed) for seed, model in enumerate(PHASES.models)}
    metrics, arrays = phases.findings(PHASES, results)
    for model in PHASES.models:
        pictured, everywhere = phases.temperatures(PHASES, model)
        np.testing.assert_array_equal(arrays[f"{model}/temperatures"], everywhere)
        np.testing.assert_array_equal(arrays[f"{model}/pictured"], pictured)
        for at, start in enumerate(("order", "disorder")):
            want = results[model]["mean/energy"][at].mean(-1)
            np.testing.assert_allclose(arrays[f"{model}/{start}/energy"], want)
            spread = results[model]["mean/energy"][at].std(-1, ddof=1) / 2
            np.testing.assert_allclose(arrays[f"{model}/{start}/energy/error"], spread)
        np.testing.assert_allclose(arrays[f"{model}/all/energy"], results[model]["mean/energy"].mean((0, 2)))
        bound = stats.t.ppf(1 - 1e-3 / (6 * len(everywhere)), df=2 * (PHASES.num_chains - 1))
        assert metrics[model]["starts"]["bound"] == pytest.approx(bound)
        assert metrics[model]["starts"]["num"] == 3 * len(everywhere)
        assert [row["temperature"] for row in metrics[model]["rows"]] == pytest.approx(list(pictured))
    assert metrics["potts"]["critical_temperature"] == pytest.approx(1 / math.log(1 + math.sqrt(5)))
    assert metrics["ising"]["critical_temperature"] == pytest.approx(2.269185, abs=1e-6)
    exact = arrays["ising/exact/temperatures"]
    assert (len(exact), exact[0], exact[-1]) == (600, 1.0, 4.0)
    yang = [spontaneous_magnetization(1 / t) for t in exact]
    np.testing.assert_allclose(arrays["ising/exact/order"], yang, atol=1e-9)
    assert phases.temperatures(PHASES, "potts")[1] == pytest.approx([2.0, 1 / 1.2, 0.5])
    np.testing.assert_allclose(arrays["xy/all/helicity_modulus"], 0.9, atol=1e-3)


def test_chains_below_nine_tenths_of_the_order_are_stuck() -> None:
    orders = np.array([[0.89, 0.91, 0.5], [0.1, 0.2, 0.3]])
    cold, hot = phases._stuck(orders, np.array([1.0, 0.5]), np.array([1.0, 3.0]), 3.0)
    assert cold == pytest.approx(
        {"temperature": 1, "lowest": 0.5, "mean": 2.3 / 3, "equilibrium": 1, "num_stuck": 2, "num_chains": 3}
    )
    assert (hot["num_stuck"], hot["lowest"], hot["equilibrium"]) == (None, 0.1, 0.5)
