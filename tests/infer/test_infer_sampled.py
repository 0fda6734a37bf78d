"""Sampled answers where chains cannot reach each other: right within their errors, or without any."""

import json
from pathlib import Path

import numpy as np
import pytest

from isotherm.cli.text.answer import print_answer
from isotherm.infer import sampled as infer_sampled
from isotherm.infer.answer import Answer
from isotherm.infer.infer import infer
from isotherm.infer.marginals import Drawn, Marginals, furthest, marginals_of

FAULTS = Path(__file__).parents[1] / "faults"
ZEROS = [
    ("det2.uai", None, [0.25, 0.25], np.log(4)),
    ("xor.uai", "xor.evid", [6 / 7, 1 / 7, 0.0], np.log(0.42)),
]


def answer(model: str, evidence: str | None, method: str, tasks: list[str]) -> Answer:
    return infer(
        FAULTS / model, evidence and FAULTS / evidence, tasks, method, draws=3200, seed=1, time_limit=1e4
    )


def assert_covered(found: Answer, first: list[float], log_z: float) -> None:
    assert found.log_z is not None
    assert found.log_z.error is not None
    assert abs(found.log_z.value - log_z) < 5 * found.log_z.error
    assert found.is_converged
    assert found.marginals is not None
    assert found.marginal_errors is not None
    for law, error, expected in zip(found.marginals, found.marginal_errors, first, strict=True):
        assert abs(law[0] - expected) <= 5 * error[0]
        assert error[0] < 0.05


def test_chains_that_stand_still_apart_have_no_error(isotherm) -> None:
    words = ["infer", str(FAULTS / "det2.uai"), "--method", "gibbs", "--task", "marginals", "--json"]
    code, printed, said = isotherm(*words)
    found = json.loads(printed)
    assert code == 0
    assert found["is_converged"] is False
    assert found["marginal_errors"] is None
    assert "not converged: chains stand still in different states, of 0 for one" in said
    assert "take method tempering or ais" in said


@pytest.mark.parametrize(("model", "evidence", "first", "log_z"), ZEROS)
def test_annealed_importance_sampling_reaches_what_zeros_keep_apart(model, evidence, first, log_z) -> None:
    assert_covered(answer(model, evidence, "ais", ["z", "marginals"]), first, log_z)


@pytest.mark.slow
@pytest.mark.parametrize(("model", "evidence", "first", "log_z"), ZEROS[1:])
def test_tempering_passes_through_softened_zeros(model, evidence, first, log_z) -> None:
    found = answer(model, evidence, "tempering", ["z", "marginals", "samples", "map"])
    assert_covered(found, first, log_z)
    assert found.samples is not None
    assert len(found.samples) == 3200
    assert len(np.unique(found.samples, axis=0)) == 2


@pytest.mark.slow
@pytest.mark.parametrize("method", ["ais", "gibbs"])
def test_a_penalty_is_answered_or_not_converged(method: str) -> None:
    found = answer("card14.json", None, method, ["z", "marginals", "map"])
    exact = infer(FAULTS / "card14.json")
    assert found.log_z is not None
    assert found.log_z.error is not None
    assert abs(found.log_z.value - 3.550998) < 5 * found.log_z.error
    assert found.map is not None
    assert exact.map is not None
    assert found.map.log_weight <= exact.map.log_weight + 1e-9
    if not found.is_converged:
        assert found.marginal_errors is None
        assert method != "ais"
        return
    assert found.marginals is not None
    assert found.marginal_errors is not None
    assert exact.marginals is not None
    for law, error, right in zip(found.marginals, found.marginal_errors, exact.marginals, strict=True):
        assert (np.abs(law - right) < 5 * error).all()


@pytest.mark.slow
def test_a_large_penalty_is_answered_or_not_converged() -> None:
    for method in ("ais", "gibbs"):
        found = answer("pen7.coo", None, method, ["z", "marginals"])
        assert found.log_z is not None
        assert found.log_z.error is not None
        assert abs(found.log_z.value - 1e7 - 0.867617) < 5 * found.log_z.error
        assert found.marginals is not None
        if method == "ais":
            assert found.marginal_errors is not None
        if found.marginal_errors is not None:
            for law, error, up in zip(
                found.marginals, found.marginal_errors, [0.268941, 0.731059, 0.425557, 0.0], strict=True
            ):
                assert abs(law[1] - up) <= 5 * error[1]


def drawn(states: list[list[int]]) -> Drawn:
    """Chains of one variable."""
    values = np.array(states)[..., None]
    return Drawn(values, np.ones(values.shape[:2], bool), np.full(len(values), 1 / len(values)))


def marginals(states: list[list[int]]) -> Marginals:
    return marginals_of(drawn(states), np.array([2]), np.array([-1]))


def test_rhat_tells_chains_that_stand_still_from_those_that_agree() -> None:
    apart, alike = marginals([[0, 0, 0], [1, 1, 1]]), marginals([[0, 1, 0, 1], [1, 0, 1, 0]])
    assert np.isinf(apart.rhat)
    assert alike.rhat == 1.0
    np.testing.assert_allclose(apart.means[0], [0.5, 0.5])
    assert furthest(apart, alike)[0] == 0
    one, other = marginals([[1, 1] * 50, [1, 0] * 50] * 8), marginals([[0, 0] * 50, [1, 0] * 50] * 8)
    assert furthest(one, other)[0] > 5


def test_impossible_draws_do_not_count() -> None:
    values = np.array([[0, 1, 1], [1, 1, 0]])[..., None]
    possible = np.array([[True, False, True], [True, False, False]])
    found = Drawn(values, possible, np.array([2 / 3, 1 / 3]))
    np.testing.assert_allclose(found.shares(0, 2), [[0.5, 0.5], [0.0, 1.0]])
    np.testing.assert_array_equal(found.possible(), [[0], [1], [1]])
    np.testing.assert_array_equal(np.unique(infer_sampled._samples(found, 10, 0)), [0, 1])


def test_the_summary_leaves_out_an_error_that_is_not_known(capsys) -> None:
    found = Answer("m", "ais", "asked for", ("a",), warnings=["not converged: log Z: why; do this"])
    found.log_z, found.is_converged = infer_sampled.Uncertain(1.5, None), False
    print_answer(found)
    printed = capsys.readouterr().out
    assert "log Z = 1.5\n" in printed
    assert "±" not in printed
    assert "not converged: log Z: why; do this" in printed
