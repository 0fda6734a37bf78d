"""`isotherm infer`: models that come with the package, marginals as CSV, energies beside log weights."""

import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest

from isotherm.cli.main import main
from isotherm.cli.text.answer import print_answer
from isotherm.data.examples import EXAMPLES
from isotherm.infer.answer import Answer, Found, Proven
from isotherm.infer.infer import infer


def told(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["infer", *words]) == 0
    return capsys.readouterr().out


def test_asia_has_the_published_probabilities() -> None:
    """Of each disease and sign alone, as the literature gives them for this network."""
    answer = infer(EXAMPLES["asia"].path)
    assert answer.marginals is not None
    yes = {label: row[0] for label, row in zip(answer.labels, answer.marginals, strict=True)}
    published = {
        "asia": 0.01, "tub": 0.0104, "smoke": 0.5, "lung": 0.055, "bronc": 0.45, "either": 0.064828,
        "xray": 0.11029004, "dysp": 0.4359706,
    }  # fmt: skip
    assert yes == pytest.approx(published, abs=1e-9)
    assert all(values == ("yes", "no") for values in answer.values)


def test_australia_counts_its_colourings_and_the_magnet_its_states() -> None:
    found = infer(EXAMPLES["australia"].path).log_z
    assert found is not None
    assert math.exp(found.value) == pytest.approx(18)
    at = np.arange(1 << 16)[:, None] >> np.arange(16) & 1
    grid = (2 * at - 1).reshape(-1, 4, 4)
    energy = -0.1 * grid[:, 0, 0] - sum((grid * np.roll(grid, 1, axis)).sum((1, 2)) for axis in (1, 2))
    found = infer(EXAMPLES["ising"].path, beta=0.4).log_z
    assert found is not None
    assert found.value == pytest.approx(np.log(np.exp(-0.4 * energy).sum()))


def test_examples_are_listed_and_answered(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--example"], ["--example="]):
        listed = told(words, capsys)
        for name, example in EXAMPLES.items():
            assert name in listed
            assert str(example.path) in listed
            assert example.path.is_file()
    found = json.loads(told(["--example", "--json"], capsys))["examples"]
    assert list(found) == list(EXAMPLES)
    assert "yes: 0.435971" in told(["--example", "asia"], capsys)
    assert "yes: 0.087751" in told(["--example=asia", "--given", "asia=yes", "--given=dysp=yes"], capsys)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--example", "asai"], "--example = 'asai': is no example; did you mean 'asia'?"),
        (["--example", "zzz"], "--example = 'zzz': is no example; known: asia, ising, australia"),
        (["--example", "asia", "x.uai"], "--example = 'asia': give it or MODEL, not both; MODEL is 'x.uai'"),
        (["--task", "z"], "Missing argument 'MODEL', as in: isotherm infer MODEL"),
        (["--example", "asia", "--csv", "--uai"], "--uai = True: choose one of --json, --uai and --csv"),
        (
            ["--example", "asia", "--csv", "--task=z"],
            "--csv = True: prints marginals; ask for --task marginals",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["infer", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"error: {line}")


def test_marginals_as_csv(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(told(["--example", "asia", "--csv"], capsys))))
    assert len(rows) == 16
    assert list(rows[0]) == ["variable", "value", "probability", "standard_error"]
    found = {(row["variable"], row["value"]): float(row["probability"]) for row in rows}
    assert found["dysp", "yes"] == pytest.approx(0.4359706)
    assert {row["standard_error"] for row in rows} == {""}
    model = tmp_path / "pair.edges"
    model.write_text("0 1 0.5\n")
    sampled = told([str(model), "--csv", "--method=gibbs", "--draws=2000"], capsys)
    rows = list(csv.DictReader(io.StringIO(sampled)))
    assert [(row["variable"], row["value"]) for row in rows] == [
        ("0", "-1"), ("0", "1"), ("1", "-1"), ("1", "1"),
    ]  # fmt: skip
    for row in rows:
        assert 0 < float(row["standard_error"]) < 0.1
        assert abs(float(row["probability"]) - 0.5) < 6 * float(row["standard_error"])


def test_samples_of_energies_show_them(capsys: pytest.CaptureFixture[str]) -> None:
    printed = told(["--example", "ising", "--task", "samples", "--draws=3", "--seed=2"], capsys)
    assert main(["infer", "--example=ising", "--task=samples", "--draws=3", "--seed=2", "--json"]) == 0
    energies = json.loads(capsys.readouterr().out)["sample_energies"]
    for line, energy in zip(printed.splitlines(), energies, strict=False):
        assert line.endswith(f"  energy {energy:.10g}")
    assert (
        "energy" not in told(["--example", "asia", "--task", "samples", "--draws=1"], capsys).splitlines()[0]
    )


@pytest.mark.parametrize(
    ("form", "beta", "beside"),
    [("coo", 2.0, ", which is an energy below -5;"), ("cfn", 2.0, ";"), ("coo", 0.0, ";")],
)
def test_what_is_proven_is_told_as_an_energy_too(
    form: str, beta: float, beside: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = Answer("m", "blocking", "asked for", ("a",), format=form, beta=beta, values=((-1, 1),))
    answer.map = Found(np.array([1]), 6.0, -3.0)
    answer.proven = Proven(map_at_most=10.0)
    print_answer(answer)
    assert f"no state has a log weight above 10{beside}" in capsys.readouterr().out
