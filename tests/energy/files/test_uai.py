"""UAI files: what is read is what was written, and what is wrong is refused by name."""

import numpy as np
import pytest
from tests.support.random_graphs import brute_force, random_graph

from isotherm.energy.factor import Factor
from isotherm.energy.files.model import MAX_TABLE
from isotherm.energy.files.uai import read_evidence, read_uai, write_uai
from isotherm.energy.files.uai_graph import graph_of, load_uai, to_uai, uai_of
from isotherm.energy.graph import FactorGraph
from isotherm.energy.variables import categorical, spin

TWO = "MARKOV\n2\n2 3\n2\n1 0\n2 1 0\n\n2 1.5 0.5\n\n6\n 1 2\n 3 4\n 5 0\n"


@pytest.fixture
def read(tmp_path):
    def read_text(text: str):
        (tmp_path / "model.uai").write_text(text)
        return read_uai(tmp_path / "model.uai")

    return read_text


def test_last_variable_of_a_scope_runs_fastest(read):
    model = read(TWO)
    assert model.kind == "MARKOV"
    assert model.scopes == ((0,), (1, 0))
    assert model.tables[1].tolist() == [[1, 2], [3, 4], [5, 0]]
    assert model.log_tables().log_weight(np.array([[1, 1]]))[0] == pytest.approx(np.log(0.5 * 4))
    assert model.log_tables(0.0).log_weight(np.array([[0, 1], [1, 2]])).tolist() == [0.0, -np.inf]


def test_white_space_does_not_matter_and_a_table_may_have_no_variable(read):
    model = read(" bayes 1 \t 2\r\n2 0 1 0 1 0.25\n2 1e-3\n.5")
    assert model.kind == "BAYES"
    assert model.tables[0] == 0.25
    assert model.tables[1].tolist() == [1e-3, 0.5]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "model.uai = '': a UAI model begins with BAYES or MARKOV"),
        ("MARKOV x", "number of variables = 'x': should be a whole number, at least 1"),
        ("MARKOV 0", "number of variables = '0': should be a whole number, at least 1"),
        ("MARKOV 2 2", "cardinality of variable = 'end of file': 1 more numbers are needed"),
        ("MARKOV 2 2 0", "cardinality of variable 1 = 0: should be within 1 .. 65536"),
        ("MARKOV 2 2 2.5", "cardinality of variable 1 = '2.5': should be a whole number"),
        ("MARKOV 1 2 -1", "number of tables = '-1': should be a whole number, at least 0"),
        ("MARKOV 2 2 2 1 2 0 2", "scope of table 0 = 'variable 2': should be within 0 .. 1"),
        ("MARKOV 2 2 2 1 2 1 1", "scope of table 0 = 'variable 1': comes twice"),
        ("MARKOV 2 2 2 1 2 0 1 3", "table 0, length = 3: its scope needs 4 entries"),
        ("MARKOV 1 2 1 1 0 2 1 -1", "table 0, entry 1 = -1.0: should be finite and at least 0"),
        ("MARKOV 1 2 1 1 0 2 1 nan", "table 0, entry 1 = nan: should be finite and at least 0"),
        ("MARKOV 1 2 1 1 0 2 inf 1", "table 0, entry 0 = inf: should be finite and at least 0"),
        ("MARKOV 1 2 1 1 0 2 1 a", "table 0, entry 1 = 'a': should be a number"),
        ("MARKOV 1 2 1 1 0 2 1 1_0", "model.uai = '1_0': should be a number"),
        ("MARKOV 1 2 1 1 0 2 1", "table 0 = 'end of file': 1 more numbers are needed"),
        ("MARKOV 1 2 1 1 0 2 1 1 1 7", "end of file = '1': 2 more tokens than expected"),
        ("MARKOV 3 999 999 999 1 3 0 1 2 1 1", f"table 0 = '997002999 entries': at most {MAX_TABLE}"),
    ],
)
def test_bad_models_are_refused_in_one_line(read, text, line):
    with pytest.raises(ValueError, match="= ") as refused:
        read(text)
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "number of observed variables = 'end of file'"),
        ("1 0", "number = 'end of file': 1 more numbers are needed"),
        ("1 0 1 1", "end of file = '1': 1 more tokens than expected"),
        ("1 2 0", "evidence = 'variable 2': unknown; the model has 2 variables"),
        ("1 1 3", "evidence of variable 1 = 3: should be within 0 .. 2"),
        ("1 1 -1", "evidence of variable 1 = -1: should be within 0 .. 2"),
        ("2 1 0 1 0", "evidence = 'variable 1': is observed twice"),
    ],
)
def test_bad_evidence_is_refused_in_one_line(read, tmp_path, text, line):
    tables = read(TWO).log_tables()
    (tmp_path / "e").write_text(text)
    with pytest.raises(ValueError, match="= ") as refused:
        read_evidence(tmp_path / "e", tables)
    assert line in str(refused.value)


def test_evidence_is_by_number_or_by_label(read, tmp_path):
    tables = read(TWO).log_tables()
    (tmp_path / "e").write_text("1 1 2\n")
    assert read_evidence(tmp_path / "e", tables).tolist() == [-1, 2]
    (tmp_path / "e").write_text("1 7 1\n")
    assert read_evidence(tmp_path / "e", tables, (7, 9)).tolist() == [1, -1]


def test_graphs_survive_the_file_with_all_digits(tmp_path):
    rng = np.random.default_rng(1)
    for k in range(30):
        graph, beta = random_graph(rng, max_states=200, forbids=k % 3 == 0), float(rng.uniform(0.3, 2))
        to_uai(tmp_path / "g.uai", graph, beta)
        truth = brute_force(graph, beta)
        model = read_uai(tmp_path / "g.uai")
        offsets = graph.offsets()
        counted = [(truth.states[name] + 1) // 2 if name == "s" else truth.states[name] for name in offsets]
        found = model.log_tables().log_weight(np.concatenate(counted, axis=1))
        np.testing.assert_allclose(found, truth.log_weights, rtol=1e-12, atol=1e-12)
        write_uai(tmp_path / "again.uai", model)
        assert (tmp_path / "again.uai").read_bytes() == (tmp_path / "g.uai").read_bytes()


def test_a_file_becomes_a_graph_grouped_by_cardinality(tmp_path, read):
    read("MARKOV 4 2 3 1 2  3  2 0 1  3 3 2 1  1 2  6 1 2 3 4 5 6  6 1 2 3 4 5 6  1 0.5")
    grouped = load_uai(tmp_path / "model.uai")
    assert grouped.places == (("c2", 0), ("c3", 0), None, ("c2", 1))
    assert grouped.constant == pytest.approx(np.log(0.5))
    tables = read_uai(tmp_path / "model.uai").log_tables()
    truth = brute_force(grouped.graph)
    at = {name: truth.states[name].astype(np.int64) for name in truth.states}
    flat = np.stack(
        [at["c2"][:, 0], at["c3"][:, 0], np.zeros(len(truth.log_weights), int), at["c2"][:, 1]], 1
    )
    np.testing.assert_allclose(grouped.constant + truth.log_weights, tables.log_weight(flat), rtol=1e-12)


def test_evidence_goes_into_the_tables_of_a_graph(read):
    tables = read(TWO).log_tables()
    grouped = graph_of(tables, np.array([1, -1]))
    assert grouped.places == (None, ("c3", 0))
    weights = grouped.constant + brute_force(grouped.graph).log_weights
    np.testing.assert_allclose(np.exp(weights), [0.5 * 2, 0.5 * 4, 0.0])
    with pytest.raises(ValueError, match="at least one free variable"):
        graph_of(tables, np.array([1, 1]))
    with pytest.raises(ValueError, match="no state is possible"):
        graph_of(tables, np.array([1, 2]))


def test_what_a_file_cannot_hold_is_refused(monkeypatch):
    loud = FactorGraph.of({"s": spin(1)}, [Factor.of("s", [0], [800.0], name="field")])
    with pytest.raises(ValueError, match="field = 800"):
        uai_of(loud)
    monkeypatch.setattr("isotherm.energy.files.uai_graph.MAX_TABLE", 11)
    large = Factor.of(["c", "d"], [[0, 0]], np.zeros((1, 4, 3)), name="wide")
    with pytest.raises(ValueError, match="wide = '12 entries': a UAI table has at most 11"):
        uai_of(FactorGraph.of({"c": categorical(1, 4), "d": categorical(1, 3)}, [large]))
