"""BIF and XMLBIF: laws as the files say them, by hand and against the golden networks; refusals by name."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.model_files import CANCER, DOG, XMLBIF, enumerated, log_weights, read_text

from isotherm.energy.files.read import read_model_file
from isotherm.energy.files.uai import UaiModel, read_uai

UAI = Path(__file__).parents[2] / "golden" / "uai"


def dog(light, bowel, out, bark, family) -> float:
    """Charniak's dog problem; value 0 is true."""
    p_out = {(0, 0): 0.99, (0, 1): 0.97, (1, 0): 0.9, (1, 1): 0.3}[bowel, family]
    p_true = [0.6 if family == 0 else 0.05, 0.01, p_out, 0.7 if out == 0 else 0.01, 0.15]
    states = (light, bowel, out, bark, family)
    return sum(np.log(p if state == 0 else 1 - p) for p, state in zip(p_true, states, strict=True))


def test_bif_of_the_old_kind_lets_the_variable_run_slowest(tmp_path):
    model = read_text(tmp_path, "dog.bif", DOG)
    assert model.labels == ("light-on", "bowel-problem", "dog-out", "hear-bark", "family-out")
    assert model.values[0] == ("true", "false")
    np.testing.assert_allclose(log_weights(model), enumerated([2] * 5, dog), rtol=1e-12)
    assert model.warnings == ()


def test_bif_of_todays_kind_has_rows_defaults_and_signs_in_names(tmp_path):
    model = read_text(tmp_path, "cancer.bif", CANCER)
    assert model.values[2] == (">=2cm", "none", "<2cm")
    rows = {(0, 0): [0.03, 0.9, 0.07], (1, 0): [0.05, 0.85, 0.1], (0, 1): [0.001, 0.997, 0.002]}

    def law(pollution, smoker, cancer) -> float:
        row = rows.get((pollution, smoker), [0.02, 0.95, 0.03])
        return np.log([0.9, 0.1][pollution] * [0.3, 0.7][smoker] * row[cancer])

    np.testing.assert_allclose(log_weights(model), enumerated([2, 2, 3], law), rtol=1e-12)


def test_xmlbif_lets_the_variable_run_fastest_and_allows_declared_elements(tmp_path):
    model = read_text(tmp_path, "dog.xml", XMLBIF)
    assert model.labels == ("bowel-problem", "family-out", "dog-out")

    def law(bowel, family, out) -> float:
        p = {(0, 0): 0.99, (0, 1): 0.97, (1, 0): 0.9, (1, 1): 0.3}[bowel, family]
        return np.log([0.01, 0.99][bowel] * [0.15, 0.85][family] * [p, 1 - p][out])

    np.testing.assert_allclose(log_weights(model), enumerated([2, 2, 2], law), rtol=1e-12)
    latin = XMLBIF.replace("US-ASCII", "ISO-8859-1").replace("Dog_Problem", "Hündin").encode("latin-1")
    (tmp_path / "latin.xmlbif").write_bytes(latin)
    np.testing.assert_array_equal(log_weights(read_model_file(tmp_path / "latin.xmlbif")), log_weights(model))


def test_white_space_within_a_name_of_xml_counts_once(tmp_path):
    model = read_text(
        tmp_path,
        "dog.xml",
        XMLBIF.replace("family-out</NAME>", "family\n  out </NAME>", 1)
        .replace("<GIVEN>family-out", "<GIVEN>family out")
        .replace("<FOR>family-out", "<FOR> family out"),
    )
    assert model.labels == ("bowel-problem", "family out", "dog-out")


def as_bif(model: UaiModel) -> str:
    """A network with made-up names, in rows."""
    lines = ["network made {", "}"]
    for v, size in enumerate(model.cardinalities.tolist()):
        values = ", ".join(f"v{k}" for k in range(size))
        lines += [f"variable n{v} {{", f"  type discrete [ {size} ] {{ {values} }};", "}"]
    for scope, table in zip(model.scopes, model.tables, strict=True):
        *parents, child = scope
        given = f" | {', '.join(f'n{p}' for p in parents)}" if parents else ""
        lines += [f"probability ( n{child}{given} ) {{"]
        for at in np.ndindex(table.shape[:-1]):
            row = ", ".join(map(repr, table[at].tolist()))
            lines += [f"  ({', '.join(f'v{k}' for k in at)}) {row};" if parents else f"  table {row};"]
        lines += ["}"]
    return "\n".join(lines)


def as_xmlbif(model: UaiModel) -> str:
    lines = ["<BIF VERSION='0.3'><NETWORK><NAME>made</NAME>"]
    for v, size in enumerate(model.cardinalities.tolist()):
        outcomes = "".join(f"<OUTCOME>v{k}</OUTCOME>" for k in range(size))
        lines += [f"<VARIABLE TYPE='nature'><NAME>n{v}</NAME>{outcomes}</VARIABLE>"]
    for scope, table in zip(model.scopes, model.tables, strict=True):
        given = "".join(f"<GIVEN>n{p}</GIVEN>" for p in scope[:-1])
        numbers = " ".join(map(repr, table.ravel().tolist()))
        lines += [f"<DEFINITION><FOR>n{scope[-1]}</FOR>{given}<TABLE>{numbers}</TABLE></DEFINITION>"]
    return "\n".join([*lines, "</NETWORK></BIF>"])


@pytest.mark.parametrize("name", ["asia", "sachs", "insurance"])
def test_golden_networks_are_the_same_in_either_form(tmp_path, name):
    model = read_uai(UAI / f"{name}.uai")
    rng = np.random.default_rng(0)
    states = rng.integers(0, model.cardinalities, (500, len(model.cardinalities)))
    expected = model.log_tables().log_weight(states)
    assert np.isfinite(expected).any()
    for text, suffix in ((as_bif(model), "bif"), (as_xmlbif(model), "xmlbif")):
        found = read_text(tmp_path, f"{name}.{suffix}", text)
        np.testing.assert_allclose(found.tables.log_weight(states), expected, atol=1e-5)


BAD_BIF = [
    ("Smoker ) {\n  table 0.3, 0.7", "Smoker ) {\n  table 0.3, 0.6", "sums to one in neither order"),
    ("default 0.02, 0.95, 0.03;", "", r"\(high, False\)': has no probabilities"),
    ("(low, False)", "(low, True)", "'True'\\]: comes twice"),
    ("(low, False)", "(low, Maybe)", "line \\d+ = 'Maybe': is no value of Smoker"),
    ("0.997", "0_997", "line \\d+ = '0_997': should be a finite number"),
    ("0.997", "0.9٧", "should be a finite number"),
    ("0.997", "-0.997", "should be at least 0"),
    ("0.997", "0.897", "sum of probabilities = 0.9.*should be 1 within 0.01"),
    ("0.001, 0.997, 2.0E-3", "0.001, 0.999", "number of probabilities = 2: should be 3"),
    ("type discrete [ 3 ]", "type discrete [ 4 ]", "number of values = 3: should be 4"),
    ("{ low, high }", "{ low, low }", "values of Pollution = 'low': comes twice"),
    ("variable Smoker", "variable Pollution", "variable = 'Pollution': comes twice"),
    ("probability ( Smoker )", "probability ( Pollution )", "has two tables of probabilities"),
    ("probability ( Smoker )", "probability ( Smoker | Cancer )", "number of probabilities = 2: should be 6"),
    ("( Pollution )", "( Dust )", "line 12 = 'Dust': unknown; there are 3 variables"),
    ("( Cancer |", "( Cancer, Cancer |", "should name different variables"),
    ("{ low, high }", '{ "low, high }', "a quotation mark is not closed"),
    ("  default 0.02, 0.95, 0.03;\n}\n", "  default 0.02, 0.95", "end of file"),
    ("type discrete [ 2 ] { low", "type continuous [ 2 ] { low", "'continuous': should be discrete"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD_BIF)
def test_bad_bif_is_refused_by_line_or_name(tmp_path, old, new, message):
    assert old in CANCER
    with pytest.raises(ValueError, match=message) as refused:
        read_text(tmp_path, "bad.bif", CANCER.replace(old, new, 1))
    assert "\n" not in str(refused.value)


def test_a_circle_is_no_bayesian_network(tmp_path):
    text = """network x { }
variable a { type discrete [ 2 ] { y, n }; }
variable b { type discrete [ 2 ] { y, n }; }
probability ( a | b ) { (y) 0.1, 0.9; (n) 0.2, 0.8; }
probability ( b | a ) { (y) 0.1, 0.9; (n) 0.2, 0.8; }
"""
    with pytest.raises(ValueError, match="variable = 'a': is its own ancestor"):
        read_text(tmp_path, "circle.bif", text)


def test_a_table_that_reads_two_ways_is_refused_and_one_that_does_not_is_read(tmp_path):
    head = "network x { }\n"
    for name in "abcd":
        size, values = (3, "x, y, z") if name in "cd" else (2, "y, n")
        head += f"variable {name} {{ type discrete [ {size} ] {{ {values} }}; }}\n"
    head += "probability ( a ) { table 0.5, 0.5; }\nprobability ( c ) { table 0.5, 0.25, 0.25; }\n"
    three = "probability ( d | c ) { table 0.1, 0.2, 0.7, 0.7, 0.1, 0.2, 0.2, 0.7, 0.1; }\n"
    with pytest.raises(ValueError, match="reads two ways; give a row"):
        read_text(tmp_path, "two.bif", f"{head}{three}probability ( b | a ) {{ table 0.3, 0.7, 0.7, 0.3; }}")
    head += "probability ( d ) { table 0.1, 0.2, 0.7; }\n"
    slow = read_text(tmp_path, "slow.bif", head + "probability ( b | a ) { table 0.1, 0.4, 0.9, 0.6; }")
    fast = read_text(tmp_path, "fast.bif", head + "probability ( b | a ) { table 0.1, 0.9, 0.4, 0.6; }")
    np.testing.assert_array_equal(log_weights(slow), log_weights(fast))


def test_cut_off_digits_are_said(tmp_path):
    text = CANCER.replace("0.02, 0.95, 0.03", "0.333, 0.333, 0.333")
    model = read_text(tmp_path, "thirds.bif", text)
    assert model.warnings == ("probabilities of Cancer sum to 0.999; they were divided by their sum",)
    assert np.exp(log_weights(model)).sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<!ELEMENT NAME (#PCDATA)>", '<!ENTITY lol "lol">', "'<!ENTITY': entities are not read"),
        ("<!ELEMENT NAME (#PCDATA)>", '<!ENTITY x SYSTEM "file:///etc/passwd">', "entities are not read"),
        ("<!DOCTYPE BIF [", '<!DOCTYPE BIF SYSTEM "http://example.org/bif.dtd" [', None),
        ("<NAME>Dog_Problem</NAME>", "<NAME>&nbsp;</NAME>", "should be XML"),
        ("0.99 0.01", "0.99", "number of probabilities = 7: should be 8"),
        ("0.99 0.01", "0.99 0.02 ", "sum of probabilities = 1.01"),
        ("<GIVEN>family-out</GIVEN>", "<GIVEN>family</GIVEN>", "'family': unknown"),
        ("<FOR>family-out</FOR>", "<FOR>dog-out</FOR>", "number of probabilities|has two tables"),
        ('TYPE="nature"><NAME>dog-out', 'TYPE="decision"><NAME>dog-out', "decisions and utilities"),
        ("</BIF>", "", "should be XML"),
        ("US-ASCII", "klingon-8", "encoding|should be XML"),
    ],
)
def test_bad_xmlbif_is_refused_and_nothing_expands(tmp_path, old, new, message):
    assert old in XMLBIF
    text = XMLBIF.replace(old, new, 1)
    if message is None:
        read_text(tmp_path, "fine.xmlbif", text)
        return
    if "1.01" in message:
        text = text.replace("0.99 0.02 ", "0.98 0.09")
        message = "sum of probabilities = 1.0"
    with pytest.raises(ValueError, match=message) as refused:
        read_text(tmp_path, "bad.xmlbif", text)
    assert "\n" not in str(refused.value)


def test_sizes_are_checked_before_a_table_is_made(tmp_path):
    values = ", ".join(f"v{k}" for k in range(100))
    names = [f"n{k}" for k in range(6)]
    text = "network x { }\n" + "".join(
        f"variable {n} {{ type discrete [ 100 ] {{ {values} }}; }}\n" for n in names
    )
    text += f"probability ( n0 | {', '.join(names[1:])} ) {{ default {' '.join(['0.01'] * 100)}; }}\n"
    with pytest.raises(ValueError, match="'1000000000000 entries': at most 10000000 are allowed"):
        read_text(tmp_path, "wide.bif", text)
