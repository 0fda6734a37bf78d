"""Evidence of both generations of UAI files, and by name."""

import numpy as np
import pytest

from isotherm.energy.files.content import read_content
from isotherm.energy.files.evidence import named_evidence, named_lines
from isotherm.energy.files.uai import from_evidence, read_evidence
from isotherm.energy.tables import Names, Tables

FOUR = Tables(np.full(4, 2), (), (), Names())


def held(tmp_path, text: str, sample: int | None = None, tables: Tables = FOUR) -> list[int]:
    (tmp_path / "e").write_text(text)
    return read_evidence(tmp_path / "e", tables, sample=sample).tolist()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("2 1 0 2 1", [-1, 0, 1, -1]),
        ("2\n1 0\n2 1\n", [-1, 0, 1, -1]),
        ("0", [-1] * 4),
        ("1\n1 1\n", [-1, 1, -1, -1]),
        # Read both ways, told by their lines: two pairs, not a sample without evidence and one with a pair.
        ("2 0 1 3 1", [1, -1, -1, 1]),
        ("2\n0 1\n3 1\n", [1, -1, -1, 1]),
        ("2\n0 1 3 1\n", [1, -1, -1, 1]),
    ],
)
def test_the_newer_form_is_a_count_and_pairs(tmp_path, text, values):
    assert held(tmp_path, text) == values
    assert held(tmp_path, text, 1) == values
    with pytest.raises(ValueError, match="sample = 2: the evidence file holds a single one"):
        held(tmp_path, text, 2)


@pytest.mark.parametrize(
    ("text", "samples"),
    [
        ("1\n2 1 0 2 1\n", [[-1, 0, 1, -1]]),
        ("1 2 1 0 2 1", [[-1, 0, 1, -1]]),
        ("EVID\n2\n1 0 1\n1 0 0\n", [[1, -1, -1, -1], [0, -1, -1, -1]]),
        ("evid 1 1 3 1", [[-1, -1, -1, 1]]),
        ("1\n0\n", [[-1] * 4]),
        ("2\n0\n1 3 1\n", [[-1] * 4, [-1, -1, -1, 1]]),
        ("EVID\n2\n0\n1 3 1\n", [[-1] * 4, [-1, -1, -1, 1]]),
        ("3\n1 0 1\n2 0 1 1 1\n0\n", [[1, -1, -1, -1], [1, 1, -1, -1], [-1] * 4]),
    ],
)
def test_the_older_form_counts_samples_which_are_taken_one_at_a_time(tmp_path, text, samples):
    for number, values in enumerate(samples, start=1):
        assert held(tmp_path, text, number) == values
    with pytest.raises(ValueError, match=rf"sample = \d: should be within 1 .. {len(samples)}"):
        held(tmp_path, text, len(samples) + 1)
    (tmp_path / "e").write_text(text)
    if len(samples) > 1:
        with pytest.raises(
            ValueError, match=rf"'{len(samples)} samples': are answered one at a time: --sample 1"
        ):
            held(tmp_path, text)
    else:
        assert (
            f"older form, sample 1 of {len(samples)}"
            in from_evidence(read_content(tmp_path / "e"), FOUR).said
        )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "2\n0\n1 3\n1",
            r"can be read in two forms: the newer form is a count .* the older is a number of samples",
        ),
        ("1 0", r"1 more numbers are needed, or it is a sample without evidence: the newer form"),
        ("2 1 0 2", "1 more numbers are needed"),
        ("2 1 0 2 1 3", "1 more tokens than expected"),
        ("EVID 3 1 0 1", r"counts do not fit: the newer form"),
        ("EVID", "should be whole numbers: the newer form"),
        ("EVID 1 1 0 x", "should be whole numbers: the newer form"),
        ("EVID 0", "'0 samples': holds none"),
        ("1\n1 0 2\n", "evidence of variable 0 = 2: should be within 0 .. 1"),
        ("1\n2 0 1 0 1\n", "'variable 0': is observed twice"),
        ("1 1_0 0", "should be a number"),
    ],
)
def test_what_can_be_read_in_no_form_or_both_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as refused:
        held(tmp_path, text)
    assert "\n" not in str(refused.value)


NAMES = (("yes", "no"), (-1, 1), (">=2", "<2"), ("a=b", "b"))
LABELS = ("rain", 7, "size", "x")


def named(*given: str, values: list[int] | None = None) -> list[int]:
    free = np.full(4, -1) if values is None else np.array(values)
    return named_evidence(given, FOUR, LABELS, NAMES, free).tolist()


def test_observations_are_given_by_names_of_variables_and_values():
    assert named("rain=no", "7=1") == [1, 1, -1, -1]
    assert named("7=+1", "size=>=2") == [-1, 1, 0, -1]
    assert named("7 = -1", "x=a=b") == [-1, 0, -1, 0]
    assert named() == [-1] * 4
    assert named("rain=yes", values=[-1, 1, -1, -1]) == [0, 1, -1, -1]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("rain", "'rain': should be NAME=VALUE"),
        ("snow=no", "no variable of this name; the model has rain, 7, size, x"),
        ("rain=maybe", "no value of rain; it has yes, no"),
        ("7=0", "no value of 7; it has -1, 1"),
        ("rain=0", "no value of rain"),
        ("Rain=no", "no variable of this name"),
    ],
)
def test_unknown_names_are_refused_with_those_that_are_known(given, message):
    with pytest.raises(ValueError, match=message):
        named(given)


def test_an_observation_may_come_once_and_names_must_be_clear():
    with pytest.raises(ValueError, match="'variable rain': is observed twice"):
        named("rain=no", "rain=no")
    with pytest.raises(ValueError, match="'variable 7': is observed twice"):
        named("7=1", values=[-1, 1, -1, -1])
    two = Tables(np.full(2, 2), (), (), Names())
    with pytest.raises(ValueError, match="names more than one variable and value"):
        named_evidence(["1=a"], two, (1, "1"), (("a", "b"), ("a", "b")), np.full(2, -1))


def test_a_file_may_hold_names(tmp_path):
    (tmp_path / "e").write_text("# seen today\nrain = no\n\n7=-1\n")
    assert named_lines(read_content(tmp_path / "e")) == ["rain = no", "7=-1"]
    (tmp_path / "e").write_text("1 0 1")
    assert named_lines(read_content(tmp_path / "e")) is None
