"""The verb infer: every case of the golden networks, formats, refusals, and answers by sampling."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from isotherm.cli.main import main
from isotherm.energy.files.uai import read_uai
from isotherm.exact.graph import solve
from isotherm.infer.infer import infer

UAI = Path(__file__).parents[1] / "golden" / "uai"
CASES = json.loads((UAI / "answers.json").read_text())["cases"]
ASIA, EVIDENCE = str(UAI / "asia.uai"), str(UAI / "asia-1.evid")


@pytest.fixture
def isotherm(capsys):
    def run(*words: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        code = main(words)
        return (code, *capsys.readouterr())

    return run


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["evidence"])
def test_golden_networks_are_exact_to_1e_8(isotherm, case):
    code, printed, _ = isotherm(
        "infer", str(UAI / case["model"]), "--evidence", str(UAI / case["evidence"]), "--json"
    )
    assert code == 0
    found = json.loads(printed)
    keys = ["version", "model", "format", "read_as", "beta", "labels", "values", "method", "reason", "log_z"]
    keys += ["marginals", "marginal_errors", "map", "samples", "sample_energies", "warnings", "seconds"]
    assert list(found) == [*keys, "is_converged", "proven"]
    assert (found["version"], found["format"], found["warnings"]) == (1, "uai", [])
    assert found["is_converged"] is True
    assert found["labels"] == list(range(len(found["marginals"])))
    assert [len(values) for values in found["values"]] == [len(row) for row in found["marginals"]]
    assert (found["model"], found["method"], found["log_z"]["error"]) == (case["model"], "exact", 0)
    assert found["log_z"]["value"] == pytest.approx(case["log_z"], abs=1e-8)
    for mine, theirs in zip(found["marginals"], case["marginals"], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-8)
    if "map" in case:
        assert found["map"]["log_weight"] == pytest.approx(case["map_log_weight"], abs=1e-8)
        assert found["map"]["assignment"] == case["map"]


def test_cases_with_and_without_map_were_tried():
    assert len(CASES) == 12
    assert sum("map" in case for case in CASES) >= 6


def test_tasks_that_were_not_asked_for_are_null(isotherm):
    _, printed, _ = isotherm("infer", ASIA, "--task", "z", "--task", "samples", "--draws", "3", "--json")
    found = json.loads(printed)
    assert (found["marginals"], found["map"], found["marginal_errors"]) == (None, None, None)
    assert np.shape(found["samples"]) == (3, 8)
    assert found["log_z"]["value"] == pytest.approx(0, abs=1e-12)


def test_uai_results_have_the_competitions_format(isotherm):
    code, printed, _ = isotherm("infer", ASIA, "--evidence", EVIDENCE, "--uai")
    pr, log10_z, mar, marginals, best, state = printed.splitlines()
    assert (code, pr, mar, best) == (0, "PR", "MAR", "MAP")
    assert float(log10_z) * np.log(10) == pytest.approx(CASES[1]["log_z"], abs=1e-8)
    assert marginals.split()[0] == "8"
    numbers = np.array(marginals.split()[1:], float).reshape(8, 3)
    assert (numbers[:, 0] == 2).all()
    np.testing.assert_allclose(numbers[:, 1:], CASES[1]["marginals"], atol=1e-8)
    assert state == "8 1 1 1 1 1 1 1 1"


def test_the_table_says_method_and_reason(isotherm):
    code, printed, _ = isotherm("infer", ASIA, "--evidence", EVIDENCE)
    assert code == 0
    assert "0.476720  0.523280" in printed
    assert "log Z = -0.1170935713" in printed
    assert "asia.uai: exact (enumeration: 64 states, few enough to enumerate)" in printed


def test_beta_is_a_power_of_the_weights():
    model = read_uai(UAI / "mrf-a.uai")
    hot, cold = (infer(UAI / "mrf-a.uai", beta=beta, tasks=["z", "map"]) for beta in (0.0, 50.0))
    assert hot.log_z is not None
    assert hot.log_z.value == pytest.approx(np.log(model.cardinalities).sum(), abs=1e-12)
    assert cold.log_z is not None
    assert cold.map is not None
    assert cold.map.log_weight == pytest.approx(50 * CASES[-4]["map_log_weight"], abs=1e-8)
    assert cold.map.log_weight < cold.log_z.value < cold.map.log_weight + 1


def test_edge_lists_and_dimod_files_are_answered(tmp_path):
    (tmp_path / "ring.txt").write_text("# a triangle\n0 1 0.5\n1 2 -0.25\n2 0 1\n0 0.3\n")
    s = np.array(np.meshgrid(*[[-1, 1]] * 3, indexing="ij")).reshape(3, -1)
    energy = -(0.5 * s[0] * s[1] - 0.25 * s[1] * s[2] + s[2] * s[0] + 0.3 * s[0])
    found = infer(tmp_path / "ring.txt", beta=0.7)
    weights = np.exp(-0.7 * energy)
    assert found.log_z is not None
    assert found.log_z.value == pytest.approx(np.log(weights.sum()), abs=1e-12)
    assert found.marginals is not None
    np.testing.assert_allclose(found.marginals[0][1], weights[s[0] == 1].sum() / weights.sum(), rtol=1e-12)
    (tmp_path / "ring.coo").write_text("# vartype=SPIN\n0 1 -0.5\n1 2 0.25\n2 0 -1\n0 0 -0.3\n")
    (tmp_path / "evidence").write_text("1 2 1")
    held = infer(tmp_path / "ring.coo", tmp_path / "evidence", beta=0.7)
    assert held.log_z is not None
    assert held.log_z.value == pytest.approx(np.log(weights[s[2] == 1].sum()), abs=1e-12)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["/nowhere.uai"], "file = '/nowhere.uai': cannot be read: No such file or directory"),
        ([ASIA, "--evidence", "/nowhere"], "file = '/nowhere': cannot be read: No such file or directory"),
        ([ASIA, "--task", "mean"], "task = 'mean': should be one of marginals, z, map, samples"),
        ([ASIA, "--method", "magic"], "method = 'magic': should be one of auto, exact, gibbs"),
        ([ASIA, "--beta", "-1"], "beta = -1.0: should be a finite number, at least 0"),
        ([ASIA, "--draws", "0"], "draws = 0: should be at least 1"),
        ([ASIA, "--seed", "-1"], "seed = -1: should be within 0 .. 4294967295"),
        ([ASIA, "--json", "--uai"], "--uai = True: choose one of --json, --uai and --csv"),
        ([ASIA, "--uai", "--task", "samples"], "task = 'samples': the UAI result format has none"),
        ([ASIA, "--evidence", ASIA], "number of observed variables = 'BAYES': should be a whole number"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(isotherm, words, line):
    code, printed, said = isotherm("infer", *words)
    assert (code, printed) == (2, "")
    assert said.startswith(f"error: {line}")
    assert said.count("\n") == 1


def test_contradictory_evidence_is_refused(isotherm, tmp_path):
    # Variable 5 of asia is the logical or of 1 and 3.
    (tmp_path / "evidence").write_text("3 1 0 3 1 5 1")
    code, _, said = isotherm("infer", ASIA, "--evidence", str(tmp_path / "evidence"), "--json")
    assert code == 2
    assert said == "error: log Z = '-inf': no state is possible: the evidence contradicts the model\n"


def test_exact_is_refused_with_what_it_would_take(isotherm, monkeypatch):
    monkeypatch.setattr(solve, "MAX_ENTRIES", 100.0)
    code, _, said = isotherm("infer", str(UAI / "alarm.uai"), "--method", "exact")
    assert code == 2
    assert "method = 'elimination': would need a table of at least 1." in said
    assert "sample instead, with `gibbs` or `tempering`" in said


def assert_within(
    found: list[np.ndarray], errors: list[np.ndarray], exact: list[list[float]], chains: int
) -> None:
    """Marginals against exact ones, in units of their errors."""
    difference = np.concatenate([mine - theirs for mine, theirs in zip(found, exact, strict=True)])
    error = np.concatenate(errors)
    varies = error > 0
    z = difference[varies] / error[varies]
    assert np.abs(difference[~varies]).max(initial=0.0) < 2e-3
    assert np.abs(z).max() < stats.t.ppf(1 - 1e-4 / (2 * len(z)), df=chains - 1)
    assert error.max() < 0.05


@pytest.mark.slow
def test_sampled_answers_agree_within_their_errors():
    case = next(case for case in CASES if case["evidence"] == "mrf-b-1.evid")
    for method, chains in (("gibbs", 32), ("ais", 1024)):
        found = infer(
            UAI / "mrf-b.uai", UAI / "mrf-b-1.evid", method=method, draws=4000, seed=1, time_limit=1e4
        )
        assert found.method == method
        assert found.marginals is not None
        assert found.marginal_errors is not None
        assert found.log_z is not None
        assert found.map is not None
        assert_within(found.marginals, found.marginal_errors, case["marginals"], chains)
        with pytest.raises(AssertionError):
            assert_within(found.marginals, found.marginal_errors, CASES[-2]["marginals"], chains)
        assert 0 < found.log_z.error < 0.1
        assert abs(found.log_z.value - case["log_z"]) < 4 * found.log_z.error
        assert found.map.log_weight == pytest.approx(case["map_log_weight"], abs=1e-8)
        assert found.is_converged
        zeros = [warning for warning in found.warnings if warning.startswith("the model has zeros")]
        assert len(zeros) == (method == "gibbs")


@pytest.mark.slow
@pytest.mark.slow
def test_auto_samples_what_is_too_wide_and_says_why(isotherm, monkeypatch, tmp_path):
    monkeypatch.setattr(solve, "TINY", 1)
    monkeypatch.setattr(solve, "MAX_ENTRIES", 3.0)
    (tmp_path / "chain.txt").write_text("0 1 0.5\n1 2 -0.3\n0 0.4\n")
    words = ["--task", "marginals", "--json", "--draws", "6400", "--time-limit", "10000"]
    code, printed, _ = isotherm("infer", str(tmp_path / "chain.txt"), *words)
    monkeypatch.undo()
    exact = infer(tmp_path / "chain.txt", tasks=["marginals"])
    assert exact.marginals is not None
    found = json.loads(printed)
    assert (code, found["method"]) == (0, "tempering")
    assert found["reason"].startswith("exact answers would need a table of at least 4.0e+00 entries")
    rows, errors = ([np.array(row) for row in found[key]] for key in ("marginals", "marginal_errors"))
    assert_within(rows, errors, [row.tolist() for row in exact.marginals], 32)


def test_clusters_refuse_what_they_cannot_do(isotherm):
    words = ["--method", "swendsen-wang", "--task", "marginals"]
    code, _, said = isotherm("infer", str(UAI / "mrf-b.uai"), *words)
    assert code == 2
    assert "clusters take" in said
