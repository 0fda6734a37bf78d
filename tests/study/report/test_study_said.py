"""What a run too small to conclude from may claim, told from hand-made results."""

import json
from pathlib import Path

import pytest
from tests.support.toy_study import Coins, CoinsConfig

from isotherm.cli.text.runs import print_run
from isotherm.studies.flow.tables import _over_one
from isotherm.studies.ising.tables import _share
from isotherm.studies.routing.budget import BudgetConfig, RoutingBudget
from isotherm.studies.xy.tables import _as_good, _peak, _systematic
from isotherm.study.presets import build_config
from isotherm.study.registry import STUDIES, find_study
from isotherm.study.report.html import Report
from isotherm.study.report.said import TRIAL, banner, fewest, is_trial, sentences
from isotherm.study.run.executor import Pool
from isotherm.study.run.runner import run
from isotherm.study.tables import Estimate, Table


@pytest.mark.parametrize("name", STUDIES)
def test_the_smoke_preset_of_every_study_concludes_nothing(name: str) -> None:
    study = find_study(name)
    smoke = build_config(study, "smoke")
    assert is_trial(study, smoke)
    seeded = {field: 5 for field in type(smoke).model_fields if field.endswith("seed")}
    assert is_trial(study, type(smoke)(**smoke.model_dump() | seeded))
    for preset in study.presets:
        assert is_trial(study, build_config(study, preset)) == (preset == "smoke")


def test_the_caveat_comes_first_everywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study, config = Coins(), CoinsConfig(runs=4)
    done = run(study, config, tmp_path, pool=Pool(1), is_quiet=True)
    print_run(done)
    printed = capsys.readouterr().out
    assert printed.index("Too small to conclude from") < printed.index("3 coins were tossed")
    page = (done.path / "report.html").read_text()
    assert page.count("Too small to conclude from") == 1
    assert page.index("Too small to conclude from") < page.index("3 coins</strong> were tossed")
    assert json.loads((done.path / "run.json").read_text())["headline"].startswith(
        "Too small to conclude from"
    )
    usual = Report(study, CoinsConfig(), "", done.metrics)
    assert usual.headline() == "3 coins were tossed; a < b & so on."
    assert sentences(study, config, done.metrics)[0] == TRIAL


def test_a_systematic_error_of_no_other_fit_is_not_zero() -> None:
    quoted, check, other = ({"name": name} for name in ("L ≥ 4", "plain crossings", "L ≥ 6"))
    found = {"systematic": 0.0, "fits": [quoted, check]}
    assert _systematic(found) == "systematic not told: it takes more sizes"
    assert _systematic({"systematic": 0.00123, "fits": [quoted, other, check]}) == "systematic 0.0012"


@pytest.mark.parametrize(
    ("heights", "said"),
    [
        ((1.50, 1.52), "it does not grow"),
        ((1.50, 1.90), "too few, or too small"),
        ((1.50,), "too few, or too small"),
    ],
)
def test_a_peak_that_grows_is_not_said_to_stand_still(heights: tuple[float, ...], said: str) -> None:
    peaks = [
        {"size": 8 * 2**i, "temperature": 1.1, "heat_capacity": height, "error": 0.05}
        for i, height in enumerate(heights)
    ]
    assert said in _peak(peaks)


def test_none_and_all_have_a_bound_instead_of_an_error_of_zero() -> None:
    assert _share({"value": 0.25, "error": 0.15}, 8) == "25 ± 15 % of 8"
    assert _share({"value": 0.0, "error": 0.0}, 8) == "none (at most 31 %) of 8"
    assert _share({"value": 1.0, "error": 0.0}, 8) == "all (at least 69 %) of 8"


@pytest.mark.parametrize(("last", "word"), [(100.0, "falls"), (690.0, "goes"), (900.0, "goes")])
def test_a_distance_falls_only_beyond_its_error(last: float, word: str) -> None:
    ranked = [(1.0, {"mean": 700.0, "se": 10.0, "n": 4}), (64.0, {"mean": last, "se": 10.0, "n": 4})]

    class Planted(RoutingBudget):
        def ranked(self, config, metrics, cell):
            return sorted(ranked, key=lambda one: one[1]["mean"])

    said = Planted().conclusions(BudgetConfig(), {})
    assert f"the distance to the floor {word} from 700.0 to {last:.1f}" in said[0]


def test_a_clock_that_disagrees_with_xy_is_not_called_as_good() -> None:
    assert "**not as good" in _as_good({"worst_z": 4.3, "bound": 4.2})
    assert "not" not in _as_good({"worst_z": 4.1, "bound": 4.2})


def test_a_ratio_is_over_one_only_beyond_its_error() -> None:
    assert [_over_one(Estimate(mean, 0.1, 20)) for mean in (0.7, 0.9, 1.1, 1.3)] == [-1, 0, 0, 1]
    assert _over_one(Estimate(0.1, None, 1)) == 0


def table_of(*counts: int) -> Table:
    """A table with an estimate of each number of runs, beside a text and a number."""
    return Table(
        "t", ("", "found"), (("a", "text"), *(("b", Estimate(1.0, 0.5, n)) for n in counts), ("c", 3))
    )


def test_a_report_of_few_runs_says_so_and_how_uncertain_its_errors_are() -> None:
    study, usual = Coins(), CoinsConfig()
    assert fewest([table_of(200, 30), table_of(8)]) == 8
    assert fewest([table_of()]) is None
    for counts, said in (
        ((8, 200), ""),
        ((), ""),
        (
            (200, 3),
            "**Few runs**: averages over 3 of them, whose standard errors are themselves uncertain by 50%.",
        ),
        ((1, 200), "**A single run**: no error is known, so that nothing is told from chance."),
    ):
        assert banner(study, usual, [table_of(*counts)]) == said
    smoke = banner(study, CoinsConfig(runs=4), [table_of(3)])
    assert smoke.startswith(f"{TRIAL} **Few runs**")


def test_the_banner_stands_above_the_conclusions_of_a_report(tmp_path: Path) -> None:
    few = run(Coins(), CoinsConfig(runs=5), tmp_path, pool=Pool(1), is_quiet=True)
    many = run(Coins(), CoinsConfig(runs=12), tmp_path, pool=Pool(1), is_quiet=True)
    pages = [(done.path / "report.html").read_text() for done in (few, many)]
    assert '<p class="banner" role="note"><strong>Few runs</strong>' in pages[0]
    assert pages[0].index('class="banner"') < pages[0].index("Conclusions")
    assert 'class="banner"' not in pages[1]
