"""The scripts of the gallery at small size: they sample the right law, and they draw."""

import runpy
import warnings
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from tests.docs.pages import DOCS
from tests.support.stats import assert_mean

NAMES = ("potts", "gaussian", "mixed", "cubic", "pegasus")


def example(name: str) -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "examples" / f"{name}.py"))


def assert_draws(figure: Any) -> None:
    figure.canvas.draw()
    assert figure.axes
    plt.close(figure)


@pytest.mark.parametrize("name", NAMES)
def test_script_is_short_and_shown_with_its_picture(name: str):
    lines = (DOCS / "examples" / f"{name}.py").read_text(encoding="utf-8").splitlines()
    assert sum(bool(line.strip()) for line in lines) < 75
    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    assert f"examples/{name}.py" in page
    assert f"images/{name}.png" in page
    assert (DOCS / "images" / f"{name}.png").stat().st_size > 10_000


@pytest.mark.slow
def test_potts_orders_when_it_is_cold():
    potts = example("potts")
    (hot, board), (cold, _) = (potts["measure"](beta, 4, 20) for beta in (0.6, 1.8))
    assert board.shape == (20, 20)
    assert hot.max() < 0.3 < 0.55 < cold.min()
    assert_draws(potts["draw"]([(hot, board)] * len(potts["BETAS"])))


def test_gaussian_has_the_inverse_of_its_precision_as_covariance():
    gaussian = example("gaussian")
    moments = gaussian["measure"](num_chains=32, num_samples=400)
    exact = np.linalg.inv(gaussian["precision"])
    assert_mean(np.asarray(moments.means["mean"]), np.zeros(25))
    assert_mean(np.asarray(moments.means["covariance"]), exact)
    with pytest.raises(AssertionError, match="moment"):
        assert_mean(np.asarray(moments.means["covariance"]), exact / 1.05)
    assert_draws(gaussian["draw"](moments))


def identities(mixed: dict[str, Any], board: np.ndarray, beta: float) -> tuple[np.ndarray, np.ndarray]:
    """Means of each chain of ``x ∂E/∂x``, exactly ``1/beta``, and of ``h s - h tanh(beta h)``, exactly zero."""
    pairs, is_spin = mixed["pairs"], mixed["is_spin"]
    field = np.zeros_like(board)
    for first, second in (pairs.T, pairs.T[::-1]):
        np.add.at(field, (slice(None), first), 0.45 * board[:, second])
    virial = (board * (2.0 * board - field))[:, ~is_spin]
    callen = (field * (board - np.tanh(beta * field)))[:, is_spin]
    return tuple(x.reshape(32, -1, x.shape[1]).mean(axis=1) for x in (virial, callen))


@pytest.mark.slow
def test_super_blocks_of_spins_and_reals_keep_the_law():
    """By exact identities of each site: equipartition for reals, Callen's for spins."""
    mixed = example("mixed")
    board = mixed["measure"](1.0, num_chains=32, num_samples=100)
    assert set(np.unique(board[:, mixed["is_spin"]])) == {-1.0, 1.0}
    virial, callen = identities(mixed, board.astype(np.float64), 1.0)
    assert_mean(virial, np.ones(virial.shape[1]))
    assert_mean(callen, np.zeros(callen.shape[1]))
    with pytest.raises(AssertionError, match="moment"):
        assert_mean(virial.mean(axis=1, keepdims=True), np.array([1 / 1.1]))
    with pytest.raises(AssertionError, match="moment"):
        assert_mean(identities(mixed, board.astype(np.float64), 1.2)[1], np.zeros(callen.shape[1]))
    assert_draws(mixed["draw"]({1.0: board, 1.5: board}))


def test_triangles_follow_the_exact_energy_until_they_freeze():
    cubic = example("cubic")
    energies, state = cubic["cool"](100, num_chains=8)
    exact = -np.tanh(cubic["BETAS"])
    hot = cubic["BETAS"] < 0.8
    assert_mean(energies[hot].T, exact[hot])
    assert energies[-1].min() > exact[-1] + 0.03
    assert_draws(cubic["draw"]({10: (energies, state), 100: (energies, state)}))


@pytest.mark.slow
def test_pegasus_is_drawn_in_its_blocks():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pytest.importorskip("dwave_networkx", reason="the extra dwave is not installed")
    pegasus = example("pegasus")
    graph, places = pegasus["pegasus"](2)
    assert places.shape == (graph.num_variables, 2)
    assert pegasus["updates_a_nanosecond"](graph, 2, num_updates=1000) > 0
    assert_draws(pegasus["draw"](graph, places, {1: 0.1, 8: 0.5}))
