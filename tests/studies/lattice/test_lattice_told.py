"""What the studies of lattices say, from metrics made by hand, every number its own."""

import pytest
from tests.support.told import cells, told

from isotherm.studies.ising import tables as ising
from isotherm.studies.ising.config import IsingConfig
from isotherm.studies.phases import tables as phases
from isotherm.studies.phases.config import PhaseDiagramsConfig
from isotherm.studies.potts import tables as potts
from isotherm.studies.potts.config import PottsConfig
from isotherm.studies.xy import tables as xy
from isotherm.studies.xy.config import XYConfig

STARTS = {"worst_z": 2.5, "rms_z": 0.98, "bound": 4.125, "num_compared": 120}


def ising_metrics() -> dict:
    """Of critical sizes 8 and 16; T_c two of its errors above the exact one."""
    return {
        "temperature": {
            "value": 2.269384, "error": 0.0001, "statistical": 8e-5, "systematic": 6e-5, "chi2": 1.25,
            "without_smallest": told(3e-4, 2e-4),
            "limits": {"binder": told(0.6125, 0.001), "correlation_ratio": told(0.90, 0.002)},
        },
        "exponents": {
            "inverse_nu": told(1.02, 0.01), "inverse_nu_of_binder": told(0.97, 0.02),
            "inverse_nu_of_correlation_ratio": told(1.01, 0.04),
            "beta_over_nu": told(0.1275, 0.0025), "gamma_over_nu": told(1.7437, 0.0021),
        },
        "crossings": {
            "binder": {"pairs": [told(2.2712, 0.0011, size=8), told(2.26951, 0.00021, size=16)],
                       "limit": told(2.26921, 0.00031)},
            "correlation_ratio": {"pairs": [told(2.2702, 0.0012, size=8)], "limit": None},
        },
        "curves": {"num_compared": 40, "rms_z": 1.04, "worst_z": 2.75, "bound": 3.875},
        "starts": STARTS,
        "dynamics": {
            "heat-bath": {"z": told(2.16, 0.03), "times": [told(41.5, 0.25, size=8), told(195.0, 3.0, size=16)]},
            "swendsen-wang": {"z": told(0.25, 0.02), "times": [told(3.51, 0.11, size=8), told(4.25, 0.12, size=16)]},
        },
        "quench": {
            "striped": told(0.34, 0.042), "magnetization": told(0.715, 0.027), "exact_magnetization": 0.99928,
            "growth": told(-0.49, 0.011),
        },
    }  # fmt: skip


ISING = IsingConfig(critical_sizes=(8, 16, 32), dynamic_sizes=(8, 16), num_quenches=128, quench_sweeps=4_000)


def test_ising_concludes_from_its_numbers() -> None:
    critical, starts, moves, quench = ising.conclusions(ISING, ising_metrics())
    assert critical == (
        "**T_c = 2.26938 ± 0.00010** from the joint fit of U and ξ/L; the exact value 2.269185 is 2.0e-04 away, "
        "2.0 standard errors."
    )
    assert starts == (
        "Chains from order and from disorder agree at all temperatures and sizes: worst |z| = 2.50 of 4.12 allowed, "
        "120 compared."
    )
    assert moves == (
        "At T_c local moves relax in L^z sweeps with z = 2.160 ± 0.030, clusters with z = 0.250 ± 0.020."
    )
    assert quench == (
        "4,000 local sweeps at T = 1 from random states leave 34 ± 4 % of 128 lattices in stripes: their mean |m| is "
        "0.715 ± 0.027, where equilibrium has 0.9993. Before that, domains grow as t^-0.490 ± 0.011."
    )


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "none (at most 2 %) of 128"), (1.0, "all (at least 98 %) of 128")],
)
def test_ising_concludes_the_other_way(share: float, said: str) -> None:
    found = ising_metrics()
    found["starts"] = STARTS | {"worst_z": 4.2}
    found["quench"] |= {"striped": told(share, 0.0), "growth": None}
    _, starts, _, quench = ising.conclusions(ISING, found)
    assert "disorder **do not agree** at all" in starts
    assert said in quench  # 1 - 0.05^(1/128) = 2.3 %
    assert quench.endswith("0.9993.")
    found["starts"]["worst_z"] = found["starts"]["bound"]
    assert "disorder agree" in ising.conclusions(ISING, found)[1]


def test_ising_tables_hold_the_numbers() -> None:
    critical, crossings, agreement, dynamics = ising.tables(ISING, ising_metrics())
    assert cells(critical) == [
        ["T_c", "2.26938 ± 0.00010", "2.269185", "+2.0"],
        ["1/ν, joint fit", "1.020 ± 0.010", "1", "+2.0"],
        ["1/ν, slope of U", "0.970 ± 0.020", "1", "-1.5"],
        ["1/ν, slope of ξ/L", "1.010 ± 0.040", "1", "+0.3"],
        ["β/ν, |m| at T_c", "0.1275 ± 0.0025", "0.125", "+1.0"],
        ["γ/ν, χ at T_c", "1.7437 ± 0.0021", "1.75", "-3.0"],
        ["U at T_c", "0.6125 ± 0.0010", "0.61069", "+1.8"],
        ["ξ/L at T_c", "0.9000 ± 0.0020", "0.90505", "-2.5"],
    ]
    assert "sizes 8, 16, 32; " in critical.note
    assert "χ² a degree of freedom 1.25" in critical.note
    assert (
        "(6.0e-05 beside 8.0e-05); without the smallest size it moves by 0.00030 ± 0.00020" in critical.note
    )
    assert cells(crossings) == [
        ["8 and 16", "2.2712 ± 0.0011", "2.2702 ± 0.0012"],
        ["16 and 32", "2.26951 ± 0.00021", "none"],
        ["limit of large sizes", "2.26921 ± 0.00031", "n/a"],
    ]
    assert cells(agreement) == [
        ["energy and heat capacity against Kaufman's", "40", "1.04", "2.75", "3.88"],
        ["energy and m², order against disorder", "120", "0.98", "2.50", "4.12"],
    ]
    assert cells(dynamics) == [
        ["local heat bath, m²", "41.50 ± 0.25", "195.0 ± 3.0", "2.160 ± 0.030", "2.167"],
        ["Swendsen–Wang, energy", "3.51 ± 0.11", "4.25 ± 0.12", "0.250 ± 0.020", "0.2 to 0.35"],
    ]
    assert dynamics.columns == ("", "L = 8", "L = 16", "z", "known z")
    assert ising.plus_minus(told(1.0, 0.0)) == "1.0000 ± 0.0000"
    assert ising.deviation(told(1.0, 0.0), 1.0) == "n/a"
    alone = ising_metrics()
    alone["temperature"]["without_smallest"] = None
    assert ising.tables(ISING, alone)[0].note.endswith("beside 8.0e-05)")


def potts_metrics() -> dict:
    exponents = {
        "inverse_nu": told(1.21, 0.02),
        "beta_over_nu": told(0.134, 0.002),
        "gamma_over_nu": told(1.73, 0.01),
    }
    return {
        "critical": [
            {"q": 3, "exact": 1.005053, "chi2": 1.5, **told(1.005253, 0.0001), **exponents},
            {"q": 7, "exact": 1.293562, "chi2": 0.75, **told(1.293462, 0.0001), **exponents},
        ],
        "jump": {
            "q": 10, "exact": 1.426062, "exact_latent_heat": 0.696049,
            "sizes": [{"size": 8, "beta": told(1.4101, 0.0011), "latent_heat": told(0.81, 0.013)}],
            "branches": {"size": 64, "beta": told(1.42603, 0.00012), "latent_heat": told(0.6961, 0.0014)},
        },
        "starts": STARTS,
        "hysteresis": {"low": 1.375, "high": 1.45},
    }  # fmt: skip


POTTS = PottsConfig(states=(3, 5), guesses=(1.0, 1.17), windows=(0.4, 0.2), hysteresis_sweeps=250)


def test_potts_concludes_from_its_numbers() -> None:
    critical, jump, starts, hysteresis, weak = potts.conclusions(POTTS, potts_metrics())
    assert critical == (
        "**Critical points of 3, 7 states** against ln(1 + √q): the largest difference is 2.0 standard errors, at "
        "q = 3 (1.00525 ± 0.00010, exact 1.005053)."
    )
    assert jump == (
        "**10 states jump** where the free energies of the two phases cross, at beta = 1.42603 ± 0.00012, exact "
        "1.426062; latent heat 0.6961 ± 0.0014 per site, exact 0.6960."
    )
    assert starts == (
        "Cluster chains from order and from disorder agree: worst |z| = 2.50 of 4.12 allowed, 120 compared."
    )
    assert hysteresis == (
        "After 250 local sweeps the two starts of 10 states still differ between beta = 1.375 and 1.450: hysteresis."
    )
    assert weak.startswith("Five and six states also jump")


def test_potts_concludes_the_other_way() -> None:
    found = potts_metrics()
    found["starts"] = STARTS | {"worst_z": 4.13}
    found["hysteresis"] = {"low": None, "high": None}
    found["critical"][1]["value"] = 1.293162  # four errors below
    few = PottsConfig(states=(3,), guesses=(1.0,), windows=(0.4,), hysteresis_sweeps=250)
    critical, _, starts, hysteresis = potts.conclusions(few, found)
    assert "difference is 4.0 standard errors, at q = 7 (1.29316 ± 0.00010, exact 1.293562)" in critical
    assert "**do not agree**" in starts
    assert hysteresis == "After 250 local sweeps both starts of 10 states agree."


def test_potts_tables_hold_the_numbers() -> None:
    critical, exponents, jump, agreement = potts.tables(POTTS, potts_metrics())
    assert cells(critical) == [
        ["3", "1.00525 ± 0.00010", "1.005053", "+2.0", "1.50"],
        ["7", "1.29346 ± 0.00010", "1.293562", "-1.0", "0.75"],
    ]
    assert cells(exponents) == [
        ["3", "1.210 ± 0.020", "1.2000", "0.1340 ± 0.0020", "0.1333", "1.730 ± 0.010", "1.7333"],
        ["7", "1.210 ± 0.020", "jump", "0.1340 ± 0.0020", "jump", "1.730 ± 0.010", "jump"],
    ]
    assert cells(jump) == [
        ["L = 8", "1.4101 ± 0.0011", "0.810 ± 0.013"],
        ["free energies cross, L = 64", "1.42603 ± 0.00012", "0.6961 ± 0.0014"],
        ["exact", "1.426062", "0.696049"],
    ]
    assert cells(agreement) == [["energy and m²", "120", "0.98", "2.50", "4.12"]]


def test_known_exponents_of_potts_models_satisfy_hyperscaling() -> None:
    for inverse_nu, beta_over_nu, gamma_over_nu in potts.KNOWN.values():
        assert 2 * beta_over_nu + gamma_over_nu == pytest.approx(2)
        assert inverse_nu >= 1


def xy_metrics() -> dict:
    fit = {
        "temperature": 0.8934,
        "error": 0.0006,
        "constant": 1.25,
        "constant_error": 0.125,
        "chi2": 3.5,
        "dof": 4,
    }
    return {
        "transition": {
            "temperature": 0.8934, "statistical": 0.0006, "systematic": 0.0008, "error": 0.001,
            "fits": [
                fit | {"name": "L ≥ 12", "sizes": (12, 16, 24, 32)},
                fit | {"name": "L ≥ 16", "temperature": 0.8942, "sizes": (16, 24, 32)},
            ],
            "amplitude": 0.5,
            "crossings": [
                {"size": 12, "plain": (0.955, 0.0011), "corrected": (0.8931, 0.0007), "chi2": 1.0, "dof": 3},
                {"size": 16, "plain": None, "corrected": None, "chi2": 1.0, "dof": 3},
            ],
        },
        "starts": {"worst_z": 3.25, "bound": 4.5, "num": 300},
        "clock": {"worst_z": 2.75, "bound": 4.25, "num": 44},
        "six": {"lower": {"temperature": 0.701, "error": 0.012}, "upper": {"temperature": 0.903, "error": 0.006}},
        "peaks": [
            {"temperature": 1.1, "heat_capacity": 1.45, "error": 0.03, "size": 24},
            {"temperature": 1.04, "heat_capacity": 1.59, "error": 0.04, "size": 48},
        ],
    }  # fmt: skip


XY = XYConfig(sizes=(12, 16, 24, 32), num_chains=8, num_samples=2_000, six_sizes=(8, 16), num_angles=16)


def test_xy_concludes_from_its_numbers() -> None:
    transition, starts, peak, clock, six = xy.conclusions(XY, xy_metrics())
    assert transition == (
        "**T_KT = 0.8934 ± 0.0010** (statistical 0.0006, systematic 0.0008) from the helicity modulus of 4 sizes "
        "up to L = 32; known: 0.89294, +0.0005 or 0.05 % away."
    )
    assert starts == "Chains from order and from disorder agree (worst of 300 z-scores 3.2, 4.5 allowed)."
    # it grew by 0.14, less than three times the error 0.05
    assert peak == (
        "The peak of the heat capacity, near T = 1.04 at L = 48, **is not the transition**: it does not grow "
        "with the lattice."
    )
    assert clock.startswith(
        "A few angles are as good as all: the clock model of 16 and XY agree (worst of 44 z-scores 2.8, 4.2 allowed)"
    )
    assert six == (
        "Six angles: locked below T = 0.701 ± 0.012, like XY up to 0.903 ± 0.006, disordered above."
    )


def test_xy_concludes_the_other_way() -> None:
    found = xy_metrics()
    found["transition"] |= {"temperature": 0.8900, "fits": found["transition"]["fits"][:1]}
    found["starts"]["worst_z"], found["clock"]["worst_z"] = 4.51, 4.26
    found["peaks"][1]["heat_capacity"] = 1.61
    found["six"]["lower"] = None
    transition, starts, peak, clock = xy.conclusions(XY, found)
    assert "systematic not told: it takes more sizes" in transition
    assert "-0.0029 or 0.33 % away" in transition
    assert (
        starts == "Chains from order and from disorder **disagree** (worst of 300 z-scores 4.5, 4.5 allowed)."
    )
    assert "**disagree** (worst of 44 z-scores 4.3, 4.2 allowed)" in clock
    assert "too few, or too small, to see that it stops to grow" in peak
    found["peaks"] = found["peaks"][:1]
    assert "near T = 1.1 at L = 24, is not the transition, though" in xy.conclusions(XY, found)[2]
    found["transition"]["fits"].append({**found["transition"]["fits"][0], "name": "plain crossings"})
    assert "not told" in xy.conclusions(XY, found)[0]


def test_xy_tables_hold_the_numbers() -> None:
    fits, crossings, agreement, six, peaks = xy.tables(XY, xy_metrics())
    assert cells(fits) == [
        ["L ≥ 12 (quoted)", "0.8934 ± 0.0006", "1.25 ± 0.12", "3.5", "4"],
        ["L ≥ 16", "0.8942 ± 0.0006", "1.25 ± 0.12", "3.5", "4"],
    ]
    assert "16 chains × 2,000 draws" in fits.note
    assert "0.89294 ± 0.00008" in fits.note
    assert cells(crossings) == [
        ["12", "0.9550 ± 0.0011", "0.8931 ± 0.0007"],
        ["16", "not on the grid", "not on the grid"],
    ]
    assert cells(agreement) == [
        ["start from order, start from disorder", "300", "3.25", "4.50", "yes"],
        ["clock of 16 angles, XY, 0.3 < T < 2", "44", "2.75", "4.25", "yes"],
    ]
    assert cells(six) == [
        ["spins lock to the six angles", "0.701 ± 0.012", "η = 1/9"],
        ["vortices unbind", "0.903 ± 0.006", "η = 1/4"],
    ]
    assert "L = 8, 16" in six.note
    assert cells(peaks) == [["24", "1.1", "1.450 ± 0.030"], ["48", "1.04", "1.590 ± 0.040"]]
    found = xy_metrics()
    found["starts"]["worst_z"] = 4.6
    found["six"] = None
    tables = xy.tables(XY, found)
    assert len(tables) == 4
    assert cells(tables[2])[0][-1] == "NO"


def phase_metrics(name: str, coldest: float, worst_z: float = 3.0) -> dict:
    rows = [
        {"temperature": t, "energy": told(-1.75, 0.012), "abs_magnetization": told(0.912, 0.0031),
         "largest_fraction": told(0.845, 0.004), "heat_capacity": told(1.25, 0.06)}
        for t in (coldest, 3.0)
    ]  # fmt: skip
    local = [
        {"temperature": 3.0, "lowest": 0.05, "mean": 0.1, "equilibrium": 0.12, "num_stuck": None, "num_chains": 40},
        {"temperature": coldest, "lowest": 0.031, "mean": 0.6125, "equilibrium": 0.99925, "num_stuck": 13,
         "num_chains": 40},
    ]  # fmt: skip
    starts = {"worst_z": worst_z, "bound": 4.0, "num": 30 if name == "ising" else 60}
    return {"critical_temperature": 2.2692, "starts": starts, "rows": rows, "local": local}


PHASES = PhaseDiagramsConfig(num_chains=16, num_samples=1_500)


def test_phases_conclude_from_their_numbers() -> None:
    found = {name: phase_metrics(name, 1.0) for name in ("ising", "potts", "xy")}
    found["potts"]["starts"]["worst_z"] = 3.5
    found["potts"]["local"][1] |= {"temperature": 0.4}
    starts, ising_said, potts_said, pairs = phases.conclusions(PHASES, found)
    assert starts == (
        "Chains from order and from disorder agree in all diagrams, worst of 60 z-scores 3.5, 4.0 allowed: **the "
        "diagrams are equilibrium**."
    )
    assert ising_said == (
        "Ising at T = 1: ⟨|m|⟩ = 0.9992 in equilibrium. Single-site updates from random starts leave 13 of 40 chains "
        "stuck, the lowest at 0.03; the published diagram shows 0.11."
    )
    assert potts_said == (
        "Potts at T = 0.4: f = 0.9992 in equilibrium. Single-site updates from random starts leave 13 of 40 chains "
        "stuck, the lowest at 0.03; the published diagram shows 0.75."
    )
    assert pairs.startswith("Vortices and antivortices **bind in pairs below** T_KT = 0.893")


def test_phases_conclude_the_other_way() -> None:
    config = PHASES.model_copy(update={"models": ("ising", "potts")})
    found = {"ising": phase_metrics("ising", 1.2, 4.5), "potts": phase_metrics("potts", 0.5, 4.0)}
    found["potts"]["local"][1]["num_stuck"] = None
    starts, ising_said, potts_said = phases.conclusions(config, found)
    assert starts == (
        "Chains from order and from disorder **disagree** (Ising), worst of 30 z-scores 4.5, 4.0 allowed: **not all "
        "diagrams are equilibrium**."
    )
    assert "⟨|m|⟩ = 0.9992 as the mean of starts that disagree. Single" in ising_said
    assert ising_said.endswith("the lowest at 0.03."), "not the published temperature"
    assert potts_said.endswith(
        "in equilibrium, above the transition: there is no order for local updates to miss."
    )


def test_phase_tables_hold_the_numbers() -> None:
    found = {name: phase_metrics(name, 1.0) for name in ("ising", "potts", "xy")}
    found["xy"]["starts"]["worst_z"] = 4.01
    tables = phases.tables(PHASES, found)
    ising_table, potts_table, agreement = tables[0], tables[1], tables[-1]
    assert ising_table.columns == ("T", "energy", "⟨|m|⟩", "C")
    assert cells(ising_table)[0] == ["1.000", "-1.750 ± 0.012", "0.9120 ± 0.0031", "1.250 ± 0.060"]
    assert potts_table.columns == ("T", "energy", "f", "C")
    assert cells(potts_table)[1] == ["3.000", "-1.750 ± 0.012", "0.8450 ± 0.0040", "1.250 ± 0.060"]
    assert "32 chains × 1,500 cluster steps" in ising_table.note
    assert cells(tables[3]) == [
        ["3.000", "0.100", "0.050", "0.1200", "–"],
        ["1.000", "0.613", "0.031", "0.9992", "13 of 40"],
    ]
    assert tables[3].note.endswith("T = 2.269: above it order is chance")
    assert cells(agreement) == [
        ["Ising", "30", "3.00", "4.00", "yes"],
        ["Potts", "60", "3.00", "4.00", "yes"],
        ["Planar spins", "60", "4.01", "4.00", "NO"],
    ]
