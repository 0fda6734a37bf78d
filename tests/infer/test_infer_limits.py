"""Models too hard to be answered exactly: within the time limit, with what is proven."""

import json
import math
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.support.pedigrees import pedigree, write_pedigree
from tests.support.zero_models import grid

from isotherm.cli.text.answer import print_answer
from isotherm.energy.files.uai import UaiModel, write_uai
from isotherm.energy.tables import Names, Tables
from isotherm.exact.graph.solve import solve
from isotherm.infer.answer import Answer, Found, Proven
from isotherm.infer.infer import infer

REFUSED = [
    ("0", "time_limit = 0.0: should be a finite number, above 0 and at most 1e+07"),
    ("-1", "time_limit = -1.0: should be a finite number, above 0"),
    ("1e9", "time_limit = 1000000000.0: should be a finite number, above 0"),
    ("nan", "time_limit = 'nan': "),
    ("inf", "time_limit = 'inf': "),
    ("soon", "time_limit = 'soon': "),
    ("1_0", "time_limit = '1_0': "),
    ("١", "time_limit = '١': "),
    ("", "time_limit = '': "),
]


def write(path: Path, tables: Tables) -> Path:
    """As a UAI file."""
    scopes = tuple(tuple(scope) for family in tables.scopes for scope in family.tolist())
    weights = tuple(np.exp(table) for family in tables.logs for table in family)
    write_uai(path, UaiModel("MARKOV", tables.cardinalities, scopes, weights))
    return path


@pytest.mark.parametrize(("limit", "line"), REFUSED)
def test_limits_that_are_none_are_refused(isotherm, limit: str, line: str) -> None:
    Path("m.uai").write_text("MARKOV\n1\n2\n1\n1 0\n2\n1 2\n")
    code, printed, said = isotherm("infer", "m.uai", f"--time-limit={limit}")
    assert (code, printed) == (2, "")
    assert said.startswith(f"error: {line}")
    assert said.count("\n") == 1
    assert isotherm("infer", "m.uai", "--time-limit=0.001")[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_the_search_finds_what_elimination_finds_in_a_pedigree(tmp_path, seed: int) -> None:
    write_pedigree(tmp_path / "p.uai", 14, 8, 10, seed=seed)
    exact = infer(tmp_path / "p.uai", tasks=["map", "z"])
    found = infer(tmp_path / "p.uai", tasks=["map"], method="blocking", time_limit=6.0)
    assert exact.method == "exact"
    assert exact.map is not None
    assert exact.log_z is not None
    assert found.map is not None
    assert found.proven.map_at_most is not None
    assert found.map.log_weight == pytest.approx(exact.map.log_weight, abs=1e-6)
    assert found.proven.map_at_most >= exact.map.log_weight - 1e-8
    assert exact.is_map_proven


@pytest.mark.slow
def test_a_hard_pedigree_is_answered_within_the_limit(tmp_path) -> None:
    write_pedigree(tmp_path / "p.uai", 30, 8, 20, seed=1)
    words = [sys.executable, "-m", "isotherm", "infer", tmp_path / "p.uai", "--json", "--time-limit", "20"]
    begun = time.monotonic()
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert time.monotonic() - begun < 20 + 30
    code, printed, said = done.returncode, done.stdout, done.stderr
    assert code == 0, said
    found = json.loads(printed)
    assert found["method"] == "blocking"
    assert found["is_converged"] is False
    assert found["marginal_errors"] is None
    assert "warning: not converged: " in said
    model, state = pedigree(30, 8, 20, seed=1), found["map"]["assignment"]
    weights = [
        table[tuple(state[v] for v in scope)] for scope, table in zip(model.scopes, model.tables, strict=True)
    ]
    assert sum(map(math.log, weights)) == pytest.approx(found["map"]["log_weight"], abs=1e-6)
    proven = found["proven"]
    assert proven["map_at_most"] >= found["map"]["log_weight"]
    assert proven["map_is_best"] is False
    assert proven["log_z_at_most"] >= proven["log_z_at_least"] >= found["map"]["log_weight"] - 1e-9


def test_what_is_proven_holds_for_a_grid_with_zeros(tmp_path) -> None:
    tables, _ = grid(5, 5, 3, 0)
    law = solve(tables).law
    path = write(tmp_path / "g.uai", tables)
    found = infer(path, tasks=["map", "marginals"], method="blocking", draws=240, time_limit=20.0, seed=1)
    assert found.map is not None
    assert found.map.log_weight == pytest.approx(law.best()[1], abs=1e-8)
    assert found.is_map_proven
    assert found.proven.map_at_most == pytest.approx(law.best()[1], abs=1e-6)
    assert found.is_converged
    assert found.marginals is not None
    assert found.marginal_errors is not None
    pairs = zip(found.marginals, found.marginal_errors, law.marginals(), strict=True)
    z = np.concatenate([(mine - right) / np.maximum(error, 1e-3) for mine, error, right in pairs])
    assert np.abs(z).max() < 25  # four chains: Student's t of three degrees, 147 numbers
    assert np.sqrt((z**2).mean()) < 3


def colouring(size: int, colours: int) -> Tables:
    """Mutually different variables, one too many: no state, though no single value can be ruled out."""
    pairs = np.argwhere(np.triu(np.ones((size, size)), 1))
    differ = np.where(np.eye(colours, dtype=bool), -np.inf, 0.0)
    return Tables(np.full(size, colours), (pairs,), (np.tile(differ, (len(pairs), 1, 1)),), Names())


def test_no_state_is_called_impossible_without_a_proof(tmp_path) -> None:
    small, large = write(tmp_path / "k4.uai", colouring(4, 3)), write(tmp_path / "k7.uai", colouring(7, 6))
    for how in ("exact", "blocking"):
        with pytest.raises(ValueError, match="no state is possible: the model forbids every one"):
            infer(small, tasks=["map"], method=how, time_limit=0.5)
    with pytest.raises(ValueError, match="none is proven impossible; raise --time-limit"):
        infer(large, tasks=["map"], method="blocking", time_limit=0.5)
    with pytest.raises(ValueError, match=r"time_limit = 0\.5: no possible state to begin from was found"):
        infer(large, tasks=["marginals"], method="blocking", time_limit=0.5)


def test_an_unsatisfiable_formula_is_told_without_evidence(isotherm) -> None:
    Path("u.cnf").write_text("p cnf 1 2\n1 0\n-1 0\n")
    assert isotherm("infer", "u.cnf") == (
        2,
        "",
        "error: log Z = '-inf': no state is possible: the model forbids every one\n",
    )
    Path("s.cnf").write_text("p cnf 2 1\n1 2 0\n")
    code, _, said = isotherm("infer", "s.cnf", "--given", "1=0", "--given", "2=0")
    assert (code, said) == (
        2,
        "error: log Z = '-inf': no state is possible: the evidence contradicts the model\n",
    )


def test_an_estimate_that_was_not_made_is_left_out_and_bounds_stay(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("isotherm.infer.sampled.SampledModel.partition_until", lambda *_: None)
    tables, _ = grid(4, 4, 3, 0)
    log_z = solve(tables).law.log_z
    path = write(tmp_path / "g.uai", tables)
    found = infer(path, tasks=["z", "map"], method="blocking", time_limit=5.0)
    assert found.log_z is None
    assert not found.is_converged
    assert any(warning.startswith("not converged: log Z: no estimate") for warning in found.warnings)
    assert found.map is not None
    assert found.proven.log_z_at_least == pytest.approx(found.map.log_weight, abs=1e-9)
    assert found.proven.log_z_at_most == pytest.approx(log_z, abs=1e-6)
    with pytest.raises(ValueError, match=r"time_limit = 5\.0: log Z was not estimated in this time"):
        infer(path, tasks=["z"], method="ais", time_limit=5.0)


def test_log_z_is_known_where_its_bounds_meet(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("isotherm.infer.sampled.SampledModel.partition_until", lambda *_: None)
    tables, _ = grid(2, 2, 2, 0)
    path = write(tmp_path / "g.uai", tables)
    found = infer(path, method="blocking", draws=4000, time_limit=20.0)
    assert found.log_z is not None
    assert found.log_z.value == found.proven.log_z_at_least
    assert found.log_z.error == 1e-9 * abs(found.log_z.value)
    assert abs(found.log_z.value - solve(tables).law.log_z) < found.log_z.error
    assert not found.warnings
    assert Proven(None, 1.0, 1.0 + 1e-8).log_z is None
    assert Proven(None, 1.0, None).log_z is None
    assert Proven(None, 1e6, 1e6 + 1e-5).log_z == (1e6, 1e-3)


@pytest.mark.parametrize(
    ("at_most", "lines"),
    [
        (-3.0, ["most probable state: log weight -3"]),
        (-1.0, ["best state seen: log weight -3", "proven: no state has a log weight above -1; "]),
        (None, ["best state seen: log weight -3"]),
    ],
)
def test_the_table_says_what_is_proven(capsys, at_most: float | None, lines: list[str]) -> None:
    answer = Answer("m", "blocking", "asked for", ("a",), values=((0, 1),))
    answer.map, answer.proven = Found(np.array([1]), -3.0), Proven(at_most, -2.5, 4.0)
    print_answer(answer)
    printed = capsys.readouterr().out
    for line in lines:
        assert line in printed
    assert ("best state seen" in printed) == (at_most != -3.0)
    assert "proven: log Z is at least -2.5 and at most 4" in printed
    assert answer.to_json()["proven"] == {
        "map_at_most": at_most,
        "log_z_at_least": -2.5,
        "log_z_at_most": 4.0,
        "map_is_best": at_most == -3.0,
    }
