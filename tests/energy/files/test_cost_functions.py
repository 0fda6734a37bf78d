"""WCSP, CFN and DIMACS CNF: energies and solutions as the files say them, and refusals by name."""

import itertools
import math

import numpy as np
import pytest
from tests.support.model_files import ALL_DIFFERENT, CFN, CNF, enumerated, log_weights, read_text


def test_wcsp_shares_cost_functions_and_its_bound_forbids(tmp_path):
    model = read_text(tmp_path, "different.wcsp", ALL_DIFFERENT)
    expected = enumerated([4] * 4, lambda *state: 0.0 if len(set(state)) == 4 else -np.inf)
    np.testing.assert_array_equal(log_weights(model), expected)
    assert np.isfinite(expected).sum() == 24
    assert model.has_energies
    assert model.warnings == ()


def test_wcsp_costs_are_energies_with_defaults_and_constants(tmp_path):
    text = "soft 3 3 4 1000\n2 3 2\n2 0 1 7 2\n0 0 1\n1 2 3\n1 2 5 1 1 0\n0 4 0\n3 0 1 2 0 1 1 2 1 1000\n"
    model = read_text(tmp_path, "soft.wcsp", text)

    def energy(x, y, z) -> float:
        pair = {(0, 0): 1, (1, 2): 3}.get((x, y), 7)
        hard = np.inf if (x, y, z) == (1, 2, 1) else 0
        return -(pair + (0 if z == 1 else 5) + 4 + hard)

    np.testing.assert_array_equal(log_weights(model), enumerated([2, 3, 2], energy))


def test_a_bound_that_sums_can_reach_is_said_and_what_surely_reaches_it_is_forbidden(tmp_path):
    loose = read_text(tmp_path, "a.wcsp", "a 2 2 2 10\n2 2\n1 0 0 1 1 6\n1 1 0 1 1 6\n")
    assert loose.warnings[0].startswith(
        "states whose total cost reaches the bound 10 by sums of allowed costs"
    )
    tight = read_text(tmp_path, "b.wcsp", "b 2 2 3 10\n2 2\n1 0 0 1 1 6\n1 1 0 1 1 6\n0 4 0\n")
    np.testing.assert_array_equal(log_weights(tight), [-4, -np.inf, -np.inf, -np.inf])
    assert tight.warnings == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "x 2 2 1 9\n2 2\n2 0 1 -1 salldiff var 1",
            "cost function 0 = 'salldiff': is a cost function by keyword",
        ),
        ("x 2 2 1 9\n2 2\n2 0 1 -1 >= 0 0", "cost function 0 = '>=': is a cost function by keyword"),
        ("x 2 2 1 9\n2 2\n1 0 0 1 1", "cost = 'end of file': more numbers are needed"),
        ("x 2 2 1 9\n2 2\n1 0 0 0 7", "end of file = '7': 1 more words than expected"),
        (
            "x 2 2 1 9\n2 2\n1 0 0 1 2 5",
            "cost function 0, value = '2': should be a whole number, within 0 .. 1",
        ),
        ("x 2 2 1 9\n2 2\n1 0 0 2 1 5 1 5", r"tuple = \(1,\): comes twice"),
        ("x 2 2 1 9\n2 2\n2 0 0 0 0", "holds a variable twice"),
        ("x 2 2 1 9\n2 2\n1 2 0 0", "variable = '2': should be a whole number, within 0 .. 1"),
        ("x 2 2 1 9\n2 2\n1 0 -3 0", "default cost = '-3': should be at least 0"),
        ("x 2 2 1 9\n2 2\n1 0 9 0", "'all forbidden': every cost reaches the bound 9"),
        ("x 2 2 1 9\n2 2\n1 0 0 -1", "number of tuples = '-1': should be a whole number, within 0 .. 2"),
        ("x 2 2 1 9\n2 3\n", "domain of variable 1 = '3': should be a whole number, within -2 .. 2"),
        ("x 2 2 1 1_0\n2 2\n", "upper bound = '1_0': should be a finite number"),
        ("x 9999999 2 1 1\n2 2\n", "more than the file has numbers"),
        ("x 2 65536 1 9\n65536 65536\n2 0 1 0 0", "'4294967296 entries': at most 10000000"),
    ],
)
def test_bad_wcsp_is_refused_by_name(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as refused:
        read_text(tmp_path, "bad.wcsp", text)
    assert "\n" not in str(refused.value)


def cfn_energy(x, y) -> float:
    pair = {(0, 0): 5, (0, 1): 6.2, (2, 0): -7.21}.get((x, y), 0.25)
    return -(pair + [1.5, -0.5][y])


def test_cfn_has_names_and_costs_of_both_signs(tmp_path):
    model = read_text(tmp_path, "test.cfn", CFN)
    assert model.labels == ("fdv1", "fdv2")
    assert model.values == (("a", "b", "c"), (0, 1))
    np.testing.assert_allclose(log_weights(model), enumerated([3, 2], cfn_energy), rtol=1e-15)


def test_cfn_may_leave_out_quotes_commas_and_names(tmp_path):
    text = """{ problem: [test_problem <100.00] variables: {fdv1 [a b c] fdv2 2}
functions: { {scope [fdv1 fdv2] defaultcost 0.25 costs [a 0 5 a 1 6.2 c 0 -7.21]}
 {scope: [1] costs: [1.5 -0.5]} } }"""
    np.testing.assert_array_equal(
        log_weights(read_text(tmp_path, "loose.cfn", text)), log_weights(read_text(tmp_path, "test.cfn", CFN))
    )
    unnamed = "{problem [x <9] variables [2 -2] functions [ [scope [0 1] costs [1 2 3 4]] ]}"
    model = read_text(tmp_path, "unnamed.cfn", unnamed)
    assert model.labels == (0, 1)
    np.testing.assert_array_equal(log_weights(model), [-1, -2, -3, -4])


def test_cfn_shares_tables_by_name_and_may_be_maximised(tmp_path):
    text = """{"problem": {"name": "m", "mustbe": ">-47"}, "variables": {"1": 2, "2": 2, "3": 2},
"functions": {"f": {"scope": ["1", "2"], "costs": "g"},
"g": {"scope": ["2", "3"], "costs": [[1, 2], [3, -50]]}}}"""
    model = read_text(tmp_path, "max.cfn", text)
    assert model.labels == ("1", "2", "3")
    assert "maximised" in model.read_as
    reward = np.array([[1, 2], [3, -np.inf]])
    expected = enumerated([2] * 3, lambda x, y, z: reward[x, y] + reward[y, z])
    np.testing.assert_array_equal(log_weights(model), expected)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"costs": [1.5, -0.5]',
            '"type": "salldiff", "params": []',
            "global and arithmetic functions are not read",
        ),
        ("[1.5, -0.5]", "[1.5]", "function f2, number of costs = 1: should be 2"),
        ("[1.5, -0.5]", "[1.5, 1e999]", "'1e999': should be a finite number"),
        ("[1.5, -0.5]", '"f1"', "costs = 'f1': should name a function with a table, of the same domains"),
        ('["fdv2"]', '["fdv3"]', "scope = 'fdv3': should be a whole number, within 0 .. 1"),
        ('"a", 1, 6.2', '"a", 0, 6.2', r"tuple = \['a', '0'\]: comes twice"),
        ('"a", 1, 6.2', '"d", 1, 6.2', "value = 'd': should be a whole number, within 0 .. 2"),
        ('"<100.00"', '"100.00"', "mustbe = '100.00': should be < or > and a number"),
        ('"<100.00"', '"<-100"', "'all forbidden': every cost reaches the bound -100"),
        ('["a", "b", "c"]', '["a", "b", "b"]', "domain of fdv1 = 3: should be"),
        ('["a", "b", "c"]', '["1", "2", "3"]', "domain of fdv1 = '1': reads like a number"),
        ('"fdv2": 2}', '"fdv1": 2}', "variable = 'fdv1': comes twice"),
        ('"f2": {', '"f1": {', "functions = 'f1': comes twice"),
        ("  }\n}\n", "  }\n", "cut short"),
        ('"functions"', '"funktions"', "sections = 'funktions': should be one of"),
        ('"fdv2": 2}', '"fdv2": 2_0}', "domain of fdv2 = '2_0': should be a whole number"),
    ],
)
def test_bad_cfn_is_refused_by_name(tmp_path, old, new, message):
    assert old in CFN
    with pytest.raises(ValueError, match=message) as refused:
        read_text(tmp_path, "bad.cfn", CFN.replace(old, new, 1), "cfn")
    assert "\n" not in str(refused.value)


def test_deep_nesting_is_refused(tmp_path):
    with pytest.raises(ValueError, match="more than 50 levels"):
        read_text(tmp_path, "deep.cfn", "{" * 100000)


def test_cnf_is_uniform_over_its_solutions(tmp_path):
    model = read_text(tmp_path, "uf4.cnf", CNF)
    assert model.labels == (1, 2, 3, 4)
    clauses = [(1, -2), (2, 3, -4), (-1, -3)]

    def holds(*state) -> float:
        true = [
            {literal for v, x in enumerate(state, 1) for literal in [v if x else -v]} & {*c} for c in clauses
        ]
        return 0.0 if all(true) else -np.inf

    expected = enumerated([2] * 4, holds)
    np.testing.assert_array_equal(log_weights(model), expected)
    assert 0 < np.isfinite(expected).sum() < 16


def test_random_clauses_are_counted_as_by_hand(tmp_path):
    rng = np.random.default_rng(3)
    for k in range(5):
        clauses = [rng.choice(6, rng.integers(1, 4), replace=False) + 1 for _ in range(8)]
        signed = [(c * rng.choice([-1, 1], len(c))).tolist() for c in clauses]
        body = "\n".join(" ".join(map(str, c)) + " 0" for c in signed)
        model = read_text(tmp_path, f"{k}.cnf", f"p cnf 6 8\n{body}\n")
        solutions = sum(
            all(any((x[abs(v) - 1] == 1) == (v > 0) for v in c) for c in signed)
            for x in itertools.product((0, 1), repeat=6)
        )
        assert np.isfinite(log_weights(model)).sum() == solutions


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 0", "comes before the line"),
        ("c nothing", "has no line `p cnf"),
        ("p wcnf 2 1 10\n1 2 0", "should be one line `p cnf VARIABLES CLAUSES`"),
        ("p cnf 2 1\n1 3 0", "line 2 = '3': should be a whole number, within -2 .. 2"),
        ("p cnf 2 1\n1 2", "last clause = .*should end with 0"),
        ("p cnf 2 2\n1 2 0", "number of clauses = 1: its header says 2"),
        ("p cnf 2 1\n0", "an empty clause"),
        ("p cnf 2 1\nx1 2 0", "'x1': should be a whole number"),
        ("p cnf 2 1\nc p weight 1 0.3 0\n1 2 0", "weighted and projected counts are not read"),
        ("c t wmc\np cnf 2 1\n1 2 0", "weighted and projected counts are not read"),
        ("c ind 1 2 0\np cnf 2 1\n1 2 0", "weighted and projected counts are not read"),
        ("cr 1\np cnf 2 1\n1 2 0", "weighted and projected counts are not read"),
        ("c pv 1 0\np cnf 2 1\n1 2 0", "weighted and projected counts are not read"),
        ("c weights 0.3 0.7 1 1\np cnf 2 1\n1 2 0", "weighted and projected counts are not read"),
        (
            "p cnf 999999999 1\n1 2 0",
            "variables = '999999999': should be a whole number, within 1 .. 1000000",
        ),
        ("p cnf 30 1\n" + " ".join(map(str, range(1, 31))) + " 0", "'1073741824 entries'"),
    ],
)
def test_bad_cnf_is_refused_by_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as refused:
        read_text(tmp_path, "bad.cnf", text)
    assert "\n" not in str(refused.value)


def test_the_number_of_solutions_is_log_z(tmp_path):
    from isotherm.infer.infer import infer

    (tmp_path / "uf4.cnf").write_text(CNF)
    found = infer(tmp_path / "uf4.cnf", tasks=["z", "map"])
    count = np.isfinite(log_weights(read_text(tmp_path, "uf4.cnf", CNF))).sum()
    assert found.log_z is not None
    assert found.log_z.value == pytest.approx(math.log(count), abs=1e-12)
    assert found.map is not None
    assert found.map.log_weight == 0
    (tmp_path / "unsat.cnf").write_text("p cnf 1 2\n1 0\n-1 0\n")
    with pytest.raises(ValueError, match="no state is possible"):
        infer(tmp_path / "unsat.cnf", tasks=["map"])
