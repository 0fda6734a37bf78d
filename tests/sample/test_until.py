"""One call that samples a model until its averages are precise, and the draws that it returns."""

import itertools
import re
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from matplotlib.figure import Figure

import isotherm as iso
from isotherm.energy import (
    Factor,
    FactorGraph,
    Ising,
    LatticeIsing,
    LatticePotts,
    LatticeXY,
    Quadratic,
    Scope,
    categorical,
    ising,
    real,
    spin,
    square,
)
from isotherm.exact import exact
from isotherm.sample import until
from isotherm.sample.until import _columns, _error_of, run

DENSE = Ising.checked([0.3, -0.2, 0.5, 0.0], 0.4)
PAIRS = ising([[0, 1], [1, 2], [2, 3]], couplings=0.8, biases=[0.3, -0.2, 0.5, 0.0])
NAMED = FactorGraph.of(
    {"road": spin(3), "sky": categorical(2, cardinality=3)},
    [
        Factor.of("road", [0, 1, 2], weights=[0.2, -0.1, 0.4]),
        Factor.of("sky", [0, 1], weights=[[0.0, 0.3, -0.2], [0.1, 0.0, 0.5]]),
        Factor.of(("road", "sky"), [[0, 0], [2, 1]], weights=[[0.0, 0.6, -0.3]] * 2),
    ],
)
LATTICES = [
    LatticeIsing(square(3), coupling=0.5, field=0.3),
    LatticePotts(square(3), 3, coupling=0.4, field=0.5),
    LatticeIsing(square(3), coupling=-0.5, field=0.3),
]


@pytest.mark.parametrize(
    ("model", "clamp"),
    [
        (DENSE, None),
        (DENSE, {1: -1}),
        (PAIRS, None),
        (NAMED, {"road": {1: 1}}),
        *((one, None) for one in LATTICES),
    ],
)
def test_marginals_are_the_exact_ones_within_their_errors(model: Any, clamp: Any) -> None:
    found, law = iso.run(model, 0.7, clamp=clamp, error=0.008, seed=3), exact(model, 0.7, clamp)
    assert found.is_precise
    assert jax.tree.structure(found.marginals) == jax.tree.structure(law.marginals)
    for estimate, error, truth in zip(
        *(jax.tree.leaves(one) for one in (found.marginals, found.marginal_errors, law.marginals)),
        strict=True,
    ):
        truth = np.asarray(truth)
        assert estimate.shape == error.shape == truth.shape
        still = np.isnan(error)
        np.testing.assert_allclose(estimate[still], truth[still], atol=1e-6)  # held
        z = (estimate - truth)[~still] / error[~still]
        assert abs(z).max() < 4.5
        assert error[~still].max() < 2 * 0.008


def test_smaller_errors_take_more_steps_and_compile_nothing_anew(compiled: Callable[[], list[str]]) -> None:
    coarse = run(PAIRS, 0.5, error=0.05)
    before = len(compiled())
    fine = run(PAIRS, 0.5, error=0.004)
    assert not any("_run" in name for name in compiled()[before:])
    assert coarse.steps == 600
    assert fine.steps == 600 + 500 * sum(2**k for k in range(1, round(np.log2((fine.steps + 400) / 500))))
    assert fine.steps >= 4 * coarse.steps
    assert fine["s"].shape == coarse["s"].shape == (8, 500, 4)


def test_the_seed_decides() -> None:
    draws = [run(PAIRS, 0.5, seed=seed, error=0.1)["s"] for seed in (1, jax.random.key(1), 2)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()


def test_chains_that_do_not_meet_are_told() -> None:
    frozen = run(ising(list(itertools.combinations(range(12), 2)), couplings=2.0), 1.0, max_steps=3000)
    assert not frozen.is_precise
    assert 3000 <= frozen.steps < 6000
    said = str(frozen)
    assert re.search(r"the error wanted, 0.01, was not reached in [\d,]+ steps", said)
    assert "±" not in said.splitlines()[1]


def test_an_interrupt_returns_the_last_round(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds, plain = [], until.sample

    def sample(*arguments: Any, **options: Any) -> Any:
        rounds.append(options["thin"])
        if len(rounds) == 3:
            raise KeyboardInterrupt
        return plain(*arguments, **options)

    monkeypatch.setattr(until, "sample", sample)
    found = run(PAIRS, 0.5, error=1e-9)
    assert rounds == [1, 2, 4]
    assert found.steps == 600 + 1000
    assert str(found).endswith("interrupted: sampled for as long as it ran")
    rounds[:] = [0, 0]
    with pytest.raises(KeyboardInterrupt):
        run(PAIRS, 0.5)


@pytest.mark.parametrize(
    ("model", "beta", "kernel"),
    [
        (DENSE, 1.0, "Gibbs sampling"),
        (LATTICES[0], 0.5, "Swendsen-Wang"),
        (LATTICES[0], -0.5, "Gibbs sampling"),
        (LATTICES[2], 0.5, "Gibbs sampling"),
    ],
)
def test_the_kernel_fits_the_model(model: Any, beta: float, kernel: str) -> None:
    found = run(model, beta, error=0.1)
    assert found.kernel == kernel
    assert str(found).startswith(f"{kernel} at beta = {beta:g}: 8 chains of ")


def test_what_is_printed() -> None:
    found = run(NAMED, 0.7, clamp={"road": {1: 1}}, error=0.02)
    lines = str(found).splitlines()
    names = [line.partition(" = ±")[0].rsplit(" = ", 1)[0] for line in lines[1:]]
    spins = [f"P(road[{i}] = +1)" for i in range(3)]
    skies = [f"P(sky[{i}] = {value})" for i in range(2) for value in range(3)]
    assert names == [*spins, *skies, "energy"]
    assert lines[2] == "P(road[1] = +1) = 1 [held]"
    means = dict(zip(names, [float(line.rsplit(" = ", 1)[1].split()[0]) for line in lines[1:]], strict=True))
    for at, value in ((0, 2), (1, 0)):
        assert means[f"P(sky[{at}] = {value})"] == pytest.approx(found.marginals["sky"][at, value], rel=1e-3)
    assert means["P(road[0] = +1)"] == pytest.approx(found.marginals["road"][0, 1], rel=1e-3)
    assert means["energy"] == pytest.approx(found["energy"].mean(), rel=1e-3)
    error = re.search(r"± (\S+)", lines[1])
    assert error is not None
    assert float(error[1]) == pytest.approx(found.marginal_errors["road"][0, 1], rel=0.06)


def test_long_tables_are_cut_and_names_escaped_for_notebooks() -> None:
    graph = FactorGraph.of({"<b>": spin(40)}, [Factor.of("<b>", range(40), weights=0.1)])
    found = run(graph, error=0.1)
    assert "... and 16 more" in str(found)
    assert len(str(found).splitlines()) == 1 + 24 + 1 + 1
    page = found._repr_html_()
    assert "P(&lt;b&gt;[0] = +1)" in page
    assert "<b>" not in page
    assert "and 16 more" in page


def test_draws_by_name() -> None:
    found = run(NAMED, 0.7, error=0.1)
    assert found["road"].shape == (8, 500, 3)
    assert found["sky"].shape == (8, 500, 2)
    energies = jax.vmap(jax.vmap(NAMED.energy))({name: found[name] for name in ("road", "sky")})
    np.testing.assert_allclose(found["energy"], energies, rtol=1e-5, atol=1e-6)
    with pytest.raises(KeyError, match="name = 'rain': known: road, sky, energy"):
        _ = found["rain"]
    lattice = run(LATTICES[0], 0.5, error=0.1)
    assert lattice["s"].shape == (8, 500, 3, 3)
    np.testing.assert_allclose(lattice["magnetization"], lattice["s"].mean(axis=(2, 3)), atol=1e-6)


def test_reals_and_angles_have_no_probabilities(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = FactorGraph.of(
        {"x": real(2)}, [Quadratic(np.array([4.0, 1.0]), Scope(("x",), np.array([[0], [1]])), "p")]
    )
    found = run(graph, error=0.03)
    assert found.is_precise
    assert found["x"].std(axis=(0, 1)) == pytest.approx([0.5, 1.0], rel=0.1)
    assert "x[1] = " in str(found)
    with pytest.raises(ValueError, match="model = 'x': is real"):
        _ = found.marginals
    with pytest.raises(ValueError, match="is real"):
        _ = run(LatticeXY(square(4)), error=0.1).marginals
    monkeypatch.setattr(until, "MOST_SITES", 8)
    with pytest.raises(ValueError, match=r"model.lattice.num_sites = 9: its states were not kept"):
        _ = run(LATTICES[0], 0.5, error=0.1).marginals


def test_the_figure_shows_averages_and_energies() -> None:
    found = run(PAIRS, 0.5, error=0.02)
    figure = found.plot()
    assert isinstance(figure, Figure)
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == [
        *(f"P(s[{i}] = +1)" for i in range(4)),
        "energy",
    ]
    points = left.lines[0]
    np.testing.assert_allclose(points.get_xdata()[:4], found.marginals["s"][:, 1])
    (bars,) = left.collections
    halves = [(segment[1, 0] - segment[0, 0]) / 2 for segment in bars.get_segments()]
    np.testing.assert_allclose(halves[:4], 2 * found.marginal_errors["s"][:, 1], rtol=1e-6)
    assert len(right.lines) == 8
    path = right.lines[3].get_ydata()
    assert path[0] == pytest.approx(found["energy"][3, 0])
    assert path[-1] == pytest.approx(found["energy"][3].mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"error": 0.0}, "error = 0"),
        ({"max_steps": 0}, "max_steps = 0: should be at least 1"),
        ({"num_chains": 1}, "num_chains = 1: should be at least 2"),
        ({"seed": -1}, "seed = -1"),
        ({"beta": float("nan")}, "beta = nan"),
        ({"clamp": {"s": {9: 1}}}, r"clamp\['s'\]"),
    ],
)
def test_what_is_out_of_range_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(PAIRS, **options)


def test_errors_come_from_the_spread_of_half_chains() -> None:
    rng = np.random.default_rng(0)
    draws = rng.normal(size=(8, 1000, 50))
    assert _error_of(draws) == pytest.approx(8000**-0.5, rel=0.8)
    assert _error_of(draws) > 8000**-0.5
    apart = draws + np.where(np.arange(8) < 4, -1, 1)[:, None, None]
    assert _error_of(apart) == float("inf")
    assert _error_of(np.ones((4, 10, 3))) == 0.0
    stuck = np.ones((4, 10, 1)) * np.array([0, 0, 1, 1])[:, None, None]
    assert _error_of(stuck) == float("inf")


def test_columns_are_every_value_and_reals_in_units_of_their_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = np.array([[[0, 2], [1, 2]], [[2, 2], [0, 2]]], np.uint8)
    monkeypatch.setattr(until, "AT_ONCE", 8 * 4)  # a variable at a time
    found = list(_columns(codes))
    assert [column.shape for column in found] == [(2, 2, 1)] * 4
    np.testing.assert_array_equal(found[0][..., 0], codes[..., 0] == 0)
    np.testing.assert_array_equal(found[2][..., 0], codes[..., 0] == 2)
    np.testing.assert_array_equal(found[3][..., 0], 1.0)
    (first, second) = _columns(np.array([[[0.0, 5.0], [4.0, 5.0]]] * 2))
    np.testing.assert_allclose(first[..., 0], [[0, 2]] * 2)
    np.testing.assert_allclose(second[..., 0], 5.0)
