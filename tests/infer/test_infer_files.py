"""The verb infer on files of every kind: what is said, named, warned of and refused."""

import json

import numpy as np
import pytest
from tests.support.model_files import ALL_DIFFERENT, CANCER, CFN, CNF

from isotherm.infer import sampled as infer_sampled
from isotherm.infer.answer import Answer, Found, Uncertain
from isotherm.infer.infer import _refuse_nan, infer
from isotherm.infer.source import read_model

ONE_BASED = "1 2 0.5\n2 3 -0.7\n1 2.0\n"
C3 = "0 1 1.000000\n0 2 0.500000\n1 2 -1.000000\n"
CHAIN = "MARKOV\n4\n2 2 2 2\n3\n2 0 1\n2 1 2\n2 2 3\n\n4\n2 1 1 2\n4\n2 1 1 2\n4\n1 3 3 1\n"


@pytest.fixture
def put(tmp_path):
    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def test_json_holds_names_values_energies_and_what_was_read(isotherm, put):
    code, printed, said = isotherm("infer", put("onebased.edges", ONE_BASED), "--json")
    found = json.loads(printed)
    assert (code, said, found["version"]) == (0, "", 1)
    assert found["labels"] == [1, 2, 3]
    assert found["values"] == [[-1, 1]] * 3
    assert found["marginals"][found["labels"].index(1)][1] == pytest.approx(0.982014, abs=1e-6)
    assert found["read_as"] == "edge list of spins: a positive weight favours alignment"
    assert found["map"] == {"assignment": [1, 1, 0], "state": [1, 1, -1], "log_weight": 3.2, "energy": -3.2}
    assert (found["format"], found["beta"], found["warnings"]) == ("edges", 1.0, [])


def test_uai_results_name_their_rows_in_comments(isotherm, put):
    _, printed, _ = isotherm("infer", put("onebased.edges", ONE_BASED), "--uai")
    lines = printed.splitlines()
    assert lines[3].split()[:4] == ["3", "2", "0.017986209962091555", "0.9820137900379085"]
    assert lines[-2:] == ["# variables [1, 2, 3]", "# values [-1, 1] of each"]
    _, printed, _ = isotherm("infer", put("cancer.bif", CANCER), "--uai", "--task", "map")
    names = [["low", "high"], ["True", "False"], [">=2cm", "none", "<2cm"]]
    assert printed.splitlines()[2:] == [
        '# variables ["Pollution", "Smoker", "Cancer"]',
        f"# values {json.dumps(names)}",
    ]
    _, printed, _ = isotherm("infer", put("chain4.uai", CHAIN), "--uai")
    assert "#" not in printed


def test_evidence_counts_as_labels_do(isotherm, put):
    model = put("onebased.edges", ONE_BASED)
    _, printed, _ = isotherm("infer", model, "--evidence", put("one.evid", "1\n1 1\n"), "--json")
    by_file = json.loads(printed)
    assert by_file["marginals"][0] == [0, 1]
    _, printed, _ = isotherm("infer", model, "--given", "1=1", "--json")
    by_name = json.loads(printed)
    assert by_name["marginals"] == by_file["marginals"]
    assert by_name["read_as"].endswith("; evidence: 1 given")
    _, printed, _ = isotherm(
        "infer", model, "--evidence", put("names", "1=-1\n3=1\n"), "--given", "2=1", "--json"
    )
    found = json.loads(printed)
    assert [row[1] for row in found["marginals"]] == [0, 1, 1]
    assert found["map"]["energy"] == -(-0.5 - 0.7 - 2)
    assert found["read_as"].endswith("; evidence: 2 observed by name, 1 given")


def test_the_table_shows_names_and_what_was_read(isotherm, put):
    code, printed, _ = isotherm(
        "infer", put("cancer.bif", CANCER), "--given", "Smoker=True", "--given", "Cancer=<2cm"
    )
    assert code == 0
    assert "True: 1.000000  False: 0.000000" in printed
    assert "low: 0.863014  high: 0.136986" in printed
    assert "cancer.bif read as BIF, a Bayesian network; evidence: 2 given" in printed
    _, printed, _ = isotherm("infer", put("c3.coo", C3), "--format", "coo-spin")
    assert "log Z = 3.30458996" in printed
    assert "energy -2.5" in printed
    assert "a positive weight favours opposite spins" in printed


def test_samples_have_energies_in_json_and_names_in_the_table(isotherm, put):
    words = ["infer", put("t.cfn", CFN), "--task", "samples", "--draws", "50"]
    _, printed, _ = isotherm(*words, "--json")
    found = json.loads(printed)
    pair = {(0, 0): 5, (0, 1): 6.2, (2, 0): -7.21}
    expected = [pair.get((x, y), 0.25) + [1.5, -0.5][y] for x, y in found["samples"]]
    np.testing.assert_allclose(found["sample_energies"], expected)
    assert len(set(expected)) > 1
    _, printed, _ = isotherm(*words)
    shown = {
        f"{x} {y}  energy {pair.get((at, y), 0.25) + [1.5, -0.5][y]:.6g}"
        for at, x in enumerate("abc")
        for y in (0, 1)
    }
    assert set(printed.splitlines()[:50]) <= shown


def test_warnings_of_a_file_are_in_every_output(isotherm, put):
    path = put("thirds.bif", CANCER.replace("0.02, 0.95, 0.03", "0.333, 0.333, 0.333"))
    warning = "probabilities of Cancer sum to 0.999; they were divided by their sum"
    _, printed, said = isotherm("infer", path, "--json")
    assert json.loads(printed)["warnings"] == [warning]
    assert said == f"warning: {warning}\n"
    _, printed, _ = isotherm("infer", path, "--uai")
    assert printed.splitlines()[-1] == f"# warning: {warning}"
    assert json.loads(isotherm("infer", path, "--json")[1])["log_z"]["value"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "text", "log_z"),
    [
        ("a.wcsp", ALL_DIFFERENT, np.log(24)),
        ("a.cnf", CNF, np.log(6)),
        ("a.bif", CANCER, 0.0),
        ("det2.uai", "MARKOV\n2\n2 2\n1\n2 0 1\n4\n1 0 0 3\n", np.log(4)),
        ("offset.uai", "MARKOV 2 2 2 2 2 0 1 0 4 1 2 3 4 1 1e300", np.log(10) + np.log(1e300)),
    ],
)
def test_log_z_of_every_kind(put, name, text, log_z):
    found = infer(put(name, text), tasks=["z"])
    assert found.log_z is not None
    assert found.log_z.value == pytest.approx(log_z, abs=1e-9)


def test_evidence_of_the_older_form_is_said(isotherm, put):
    chain, older = put("chain4.uai", CHAIN), put("EVID_header.evid", "EVID\n2\n1 0 1\n1 0 0\n")
    _, printed, _ = isotherm("infer", chain, "--evidence", put("one.evid", "1\n2 1 0 2 1\n"), "--json")
    found = json.loads(printed)
    assert (found["marginals"][1], found["marginals"][2]) == ([1, 0], [0, 1])
    assert found["read_as"].endswith("evidence: 2 observed (older form, sample 1 of 1)")
    code, _, said = isotherm("infer", chain, "--evidence", older)
    assert code == 2
    assert "'2 samples': are answered one at a time: --sample 1 .. 2" in said
    _, printed, _ = isotherm("infer", chain, "--evidence", older, "--sample", "2", "--json")
    assert json.loads(printed)["marginals"][0] == [1, 0]


HUGE = "0 1 1e39\n1 0.5\n"
REFUSED = [
    (["ring4.edges"], "0 1\n1 2\n2 3\n3 0\n", "line 1 = '0 1': has no weight"),
    (["c3.coo"], C3, "vartype = None: should be SPIN or BINARY"),
    (["zero.uai"], "MARKOV 2 2 2 1 2 0 1 4 0 0 0 0", "table 0 = 'all zero'"),
    (["m.edges", "--seed", "4294967296"], ONE_BASED, "seed = 4294967296: should be within 0 .. 4294967295"),
    (["m.edges", "--beta", "1e308"], ONE_BASED, "beta = 1e+308: "),
    (["m.edges", "--beta", "inf"], ONE_BASED, "beta = 'inf': should be a finite number"),
    (["m.edges", "--beta", "nan"], ONE_BASED, "beta = 'nan': should be a finite number"),
    (["m.edges", "--draws", "1000000000000"], ONE_BASED, "draws = 1000000000000: at most"),
    (["m.edges", "--sample", "1"], ONE_BASED, "sample = 1: chooses from an evidence file"),
    (["m.edges", "--given", "1=0"], ONE_BASED, "evidence = '1=0': no value of 1; it has -1, 1"),
    (["m.edges", "--format", "edge"], ONE_BASED, "format = 'edge': should be one of uai"),
    (["m.edges", "--method", "gibbs"], HUGE, "method = 'gibbs': log weights lie up to 2.0e+39 apart"),
    (["m.edges", "--method", "ais"], HUGE, "method = 'ais': log weights lie up to 2.0e+39 apart"),
    (["m.edges"], "0 1 1e308\n1 2 1e308\n", "beta = 1.0: "),
    (["m.edges"], "0 0.0\n1 1.1e308\n2 1.2e308\n", "beta = 1.0: "),
    (["m.wcsp"], "x 2 2 2 0.0\n2 2\n1 0 0 0\n1 1 0 0\n", "all forbidden"),
    (["m.uai", "--beta", "1e308"], "MARKOV 1 2 1 1 0 2 0.5 0.1", "beta = 1e+308: "),
]


@pytest.mark.parametrize(("words", "text", "message"), REFUSED)
def test_what_would_change_its_meaning_is_refused_in_one_line(isotherm, put, words, text, message):
    path = put(words[0], text)
    code, printed, said = isotherm("infer", path, *words[1:])
    assert (code, printed) == (2, "")
    assert message in said
    assert said.count("\n") == 1


def test_large_numbers_that_float64_holds_are_answered_and_rounding_is_said(put):
    found = infer(put("m.edges", HUGE))
    assert found.marginals is not None
    np.testing.assert_array_equal(found.marginals[0][1] + found.marginals[0][0], 1)
    assert found.warnings[0].startswith(
        "log weights lie so far apart that float64 rounds them by up to 2.2e+23"
    )
    offset = infer(
        put("o.wcsp", "o 1 2 2 1e300\n2\n1 0 1000000000000 1 1 1000000000001\n0 1000000000000 0\n")
    )
    assert offset.marginals is not None
    np.testing.assert_allclose(offset.marginals[0], [1 / (1 + np.exp(-1)), 1 / (1 + np.e)], rtol=1e-12)
    assert offset.warnings == []
    assert offset.map is not None
    assert offset.map.energy == 2e12


OFFSET = "o 1 2 1 1e300\n2\n1 0 1000000000000 1 1 1000000000001\n"


def test_a_constant_in_a_table_reaches_no_sampler(put):
    for beta in (1.0, 0.25):
        source = read_model(put("o.wcsp", OFFSET), beta)
        np.testing.assert_array_equal(source.tables.logs[0], [[0, -beta]])
        assert source.constant == -beta * 1e12


@pytest.mark.slow
def test_a_sampler_sees_small_differences_beside_a_large_constant(put):
    found = infer(put("o.wcsp", OFFSET), tasks=["marginals"], method="gibbs", draws=3200, seed=1)
    assert found.marginals is not None
    assert found.marginals[0][1] == pytest.approx(1 / (1 + np.e), abs=0.05)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"log_z": Uncertain(np.nan, 0.0)}, "log_z = nan: no number came out"),
        ({"log_z": Uncertain(np.inf, 0.0)}, "log_z = inf: no number came out"),
        ({"log_z": Uncertain(0.0, np.nan)}, r"log_z.error = 'nan': no error came out"),
        ({"marginals": [np.array([0.5, np.nan])]}, "marginals = nan: no number came out"),
        ({"marginals": [np.array([0.5, 0.6])]}, r"marginals = \[0.5, 0.6\]: do not sum to one"),
        (
            {"marginals": [np.array([0.5, 0.5])], "marginal_errors": [np.array([np.nan, 0.1])]},
            "errors = 'nan': no error came out",
        ),
        ({"map": Found(np.array([0]), -np.inf)}, "map = -inf: no number came out"),
        ({"sample_energies": np.array([1.0, np.nan])}, "samples = nan: no number came out"),
    ],
)
def test_an_answer_that_holds_no_number_is_refused(answer, message):
    with pytest.raises(ValueError, match=message):
        _refuse_nan(Answer("m", "exact", "", (0,), **answer))


def test_the_command_refuses_an_answer_that_holds_no_number(isotherm, put, monkeypatch):
    def broken(source, *_: object) -> Answer:
        return Answer(source.name, "gibbs", "", source.labels, marginals=[np.array([np.nan, np.nan])] * 3)

    monkeypatch.setattr(infer_sampled, "sampled_answer", broken)
    code, printed, said = isotherm("infer", put("m.edges", ONE_BASED), "--method", "gibbs", "--json")
    assert (code, printed) == (2, "")
    assert said.startswith("error: marginals = nan: no number came out")


def test_a_missing_file_and_a_folder_are_refused(isotherm, tmp_path):
    for words in (["/nowhere.bif"], [str(tmp_path)]):
        code, _, said = isotherm("infer", *words)
        assert code == 2
        assert "cannot be read" in said


def test_an_offset_is_an_energy_at_every_temperature(put):
    labels, biases = '"variable_labels": ["a"], "variable_type": "BINARY"', '"linear_biases": [2.0]'
    ends = '"quadratic_biases": [], "quadratic_head": [], "quadratic_tail": []'
    version = '"type": "BinaryQuadraticModel", "version": {"bqm_schema": "3.0.0"}'
    path = put("m.json", f'{{{version}, {labels}, {biases}, {ends}, "offset": 3.0}}')
    for beta in (0.0, 0.5, 2.0):
        found = infer(path, beta=beta)
        assert found.log_z is not None
        assert found.map is not None
        assert found.log_z.value == pytest.approx(-3 * beta + np.log1p(np.exp(-2 * beta)), abs=1e-12)
        assert found.map.log_weight == -beta * found.map.energy
        assert found.map.energy == (3.0 if beta else source_energy(found))


def source_energy(found: Answer) -> float:
    """Of any state, where all are equally likely."""
    assert found.map is not None
    return 3.0 + 2.0 * float(found.map.assignment[0])
