"""The one rule of codings, at every door: bools become spins, 0/1 is refused, NaN is missing or refused."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.energy import FactorGraph, ising, potts
from isotherm.energy.coding import coded_data, coded_state, spin_rows
from isotherm.energy.dense import Ising
from isotherm.energy.lattice.models import LatticeClock, LatticeIsing, LatticePotts, LatticeXY
from isotherm.energy.lattice.observables import domain_wall_length, energy_per_site, magnetization, measure
from isotherm.energy.lattice.shapes import square
from isotherm.energy.lattice.vortices import vortices
from isotherm.energy.variables import categorical, real, spin
from isotherm.exact import exact
from isotherm.learn import Observations
from isotherm.learn.baselines import fit_autoregressive, fit_independent
from isotherm.learn.online.averaged import init, update
from isotherm.learn.online.moments import PairWindow
from isotherm.learn.online.posterior import IsingPosterior, log_odds_local, observe_exact
from isotherm.sample import checkerboard, gibbs, sample, swendsen_wang, tempering
from isotherm.sample.clamp import Clamp
from isotherm.sample.initial import initial_spins, initial_state
from isotherm.sample.temperatures.annealing import anneal
from isotherm.world import replay_world

TRUTH = np.array([True, False, True])
SIGNS = np.array([1, -1, 1], np.int8)
BINARY = np.array([1, 0, 1], np.int8)
GRAPH: FactorGraph = ising([[0, 1], [1, 2]], 0.5, np.array([0.3, -0.2, 0.1]))
DENSE = Ising.checked([0.3, -0.2, 0.1], 0.4)
LATTICE = LatticeIsing(square(3))
SIDE = np.resize(SIGNS, (3, 3))
HELD = np.array([True, True, False])
ALL = np.ones(3, bool)

STATES: dict[str, tuple[Callable[[Any], Any], np.ndarray]] = {
    "graph": (lambda x: GRAPH.energy({"s": x}), SIGNS),
    "dense": (DENSE.energy, SIGNS),
    "lattice": (LATTICE.energy, SIDE),
    "per site": (lambda x: energy_per_site(LATTICE, x), SIDE),
    "magnetization": (lambda x: magnetization(LATTICE, x), SIDE),
    "walls": (lambda x: domain_wall_length(LATTICE, x), SIDE),
    "measure": (lambda x: measure(LATTICE, x)["energy"], SIDE),
}


@pytest.mark.parametrize("name", STATES)
def test_a_state_of_bools_is_one_of_spins_and_one_of_zeros_is_refused(name: str) -> None:
    door, signs = STATES[name]
    right = float(door(jnp.asarray(signs)))
    assert float(door(jnp.asarray(signs > 0))) == pytest.approx(right)
    assert float(jax.jit(lambda x: door(x))(jnp.asarray(signs > 0))) == pytest.approx(right), (
        "traced bools too"
    )
    for wrong in ((signs + 1) // 2, np.where(signs < 0, 3, signs)):
        with pytest.raises(ValueError, match=r"should be -1 or \+1"):
            door(jnp.asarray(wrong, jnp.int8))
    many = jnp.stack([jnp.asarray(signs), jnp.asarray((signs + 1) // 2)])
    with pytest.raises(ValueError, match="should be -1"):
        jax.vmap(door)(many)


def test_the_mend_is_named_where_it_is_plain() -> None:
    with pytest.raises(ValueError, match=r"x\[1\] = 0: should be -1 or \+1 \(looks like 0/1: pass 2\*x-1\)"):
        DENSE.energy(jnp.asarray(BINARY))
    model = potts([[0, 1]], 2, 1.0)
    with pytest.raises(ValueError, match=r"within 0 \.\. 1 \(looks like -1/\+1"):
        model.energy({"c": jnp.array([1, -1], jnp.int8)})


@pytest.mark.parametrize(
    ("model", "bad"),
    [
        (LatticePotts(square(3), 3), 3),
        (LatticeClock(square(3), 4), 4),
        (LatticeXY(square(3)), np.nan),
    ],
    ids=["potts", "clock", "xy"],
)
def test_values_that_a_site_cannot_have_are_refused(model: Any, bad: float) -> None:
    state = np.zeros((3, 3), model.dtype)
    assert np.isfinite(float(model.energy(jnp.asarray(state))))
    state[1, 2] = bad
    doors = [model.energy, lambda x: measure(model, x)]
    doors += [] if isinstance(model, LatticePotts) else [lambda x: vortices(model, x)]
    for door in doors:
        with pytest.raises(ValueError, match=r"x\[1, 2\] = .*: should be"):
            door(jnp.asarray(state))


def test_categories_beyond_the_cardinality_are_refused() -> None:
    model = potts([[0, 1], [1, 2]], 3, 1.0)
    with pytest.raises(ValueError, match=r"\[2\] = 3: should be within 0 \.\. 2"):
        model.energy({"c": jnp.array([0, 1, 3], jnp.uint8)})
    with pytest.raises(ValueError, match="dtype = 'bool'"):
        coded_state("c", categorical(3, 3), TRUTH)
    np.testing.assert_array_equal(coded_state("c", categorical(3, 2), TRUTH), BINARY)
    with pytest.raises(ValueError, match="dtype = 'bool'"):
        coded_state("x", real(3), TRUTH)


# ------------------------------------------------------------------------------
# Evidence and first positions


def dense_doors() -> dict[str, Callable[[Clamp], Any]]:
    key = jax.random.key(0)
    return {
        "condition": lambda clamp: exact(DENSE).condition(clamp).spins,
        "exact": lambda clamp: exact(DENSE, 1.0, clamp).spins,
        "drawn": lambda clamp: initial_spins(key, DENSE, 1.0, clamp)[:2],
        "kernel": lambda clamp: gibbs(DENSE, 1.0, clamp).init(jnp.ones(3, jnp.int8), None).position,
        "observed": lambda clamp: observe_exact(IsingPosterior.prior(3), clamp).information.biases,
        "log odds": lambda clamp: log_odds_local(IsingPosterior.prior(3), clamp),
        "graph": lambda clamp: exact(GRAPH, 1.0, {"s": clamp}).means["s"],
        "start": lambda clamp: initial_state(key, GRAPH, 1.0, {"s": clamp})["s"][:2],
    }


@pytest.mark.parametrize("name", dense_doors())
def test_evidence_of_bools_holds_spins_and_other_codings_are_refused(name: str) -> None:
    door = dense_doors()[name]
    right = np.asarray(door(Clamp(HELD, SIGNS)))
    np.testing.assert_array_equal(door(Clamp(HELD, TRUTH)), right)
    numbers = [SIGNS.tolist(), [1.0, -1.0, np.nan]] if name in ("graph", "start") else []
    for same in (TRUTH.tolist(), TRUTH.astype(object), *numbers):
        np.testing.assert_array_equal(door(Clamp(HELD, same)), right)
    with pytest.raises(ValueError, match="must be numbers or bools"):
        door(Clamp(HELD, ["1", "-1", "1"]))
    np.testing.assert_array_equal(door(Clamp(HELD, np.where(HELD, SIGNS, 0).astype(np.int8))), right)
    with pytest.raises(ValueError, match=r"\[1\] = 0: should be -1 or \+1"):
        door(Clamp(HELD, BINARY))
    with pytest.raises(ValueError, match=r"\[0\] = nan: should be -1 or \+1"):
        door(Clamp(HELD, np.array([np.nan, 1.0, 1.0], np.float32)))


def test_a_mask_of_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match=r"clamp\.mask = .*must be bool of shape \(3,\)"):
        exact(DENSE).condition(Clamp(np.array([1, 1, 0]), SIGNS))


KERNELS: dict[str, tuple[Callable[[], Any], Any]] = {
    "dense": (lambda: gibbs(DENSE, 1.0), SIGNS),
    "graph": (lambda: gibbs(GRAPH, 1.0), {"s": SIGNS}),
    "clusters": (lambda: swendsen_wang(GRAPH, 1.0), {"s": SIGNS}),
    "held": (lambda: gibbs(GRAPH, 1.0, {"s": Clamp(HELD, SIGNS)}), {"s": SIGNS}),
    "tempering": (lambda: tempering(lambda b: gibbs(GRAPH, b), [0.5, 1.0], GRAPH), {"s": SIGNS}),
    "lattice": (lambda: checkerboard(LatticeIsing(square(4)), 1.0), np.resize(SIGNS, (4, 4))),
    "sites": (lambda: checkerboard(LATTICE, 1.0), SIDE),
    "lattice clusters": (lambda: swendsen_wang(LATTICE, 1.0), SIDE),
}


@pytest.mark.parametrize("name", KERNELS)
def test_first_positions_in_another_coding_are_refused(name: str) -> None:
    kernel, signs = KERNELS[name][0](), KERNELS[name][1]
    starts = jax.tree.map(lambda x: jnp.asarray((x[None] + 1) // 2, jnp.int8), signs)
    with pytest.raises(ValueError, match=r"positions.* = 0: should be -1 or \+1"):
        sample(jax.random.key(0), kernel, starts, num_warmup=0, num_samples=1)


def test_first_positions_of_bools_are_spins() -> None:
    kernel = gibbs(GRAPH, 1.0, {"s": Clamp(ALL, None)})
    for positions in ({"s": jnp.asarray(TRUTH[None])}, lambda key: {"s": jnp.asarray(TRUTH)}):
        found = sample(jax.random.key(0), kernel, positions, num_warmup=0, num_samples=1, num_chains=None)
        np.testing.assert_array_equal(np.asarray(found.values["s"])[0, 0], SIGNS)


def test_annealing_starts_from_spins() -> None:
    with pytest.raises(ValueError, match="looks like 0/1"):
        anneal(jax.random.key(0), GRAPH, 10, positions={"s": jnp.asarray(BINARY[None])})


# ------------------------------------------------------------------------------
# Data

RNG = np.random.default_rng(0)
ROWS = RNG.random((40, 3)) < [0.2, 0.5, 0.7]
ROWS_01 = ROWS.astype(np.int8)
ROWS_PM = (2 * ROWS_01 - 1).astype(np.int8)
HOLES = np.arange(120).reshape(40, 3) % 4 == 3


def with_holes(rows: np.ndarray, hole: Any) -> np.ndarray:
    found = rows.astype(object)
    found[HOLES] = hole
    return found


COMPLETE = {
    "signs": ROWS_PM,
    "floats": ROWS_PM.astype(np.float64),
    "bools": ROWS,
    "lists": ROWS_PM.tolist(),
    "lists of bools": ROWS.tolist(),
    "objects": ROWS_PM.astype(object),
    "jax": jnp.asarray(ROWS),
}
INCOMPLETE = {
    "zeros": np.where(HOLES, 0, ROWS_PM),
    "nan": np.where(HOLES, np.nan, ROWS_PM),
    "none": with_holes(ROWS_PM, None),
    "none among bools": with_holes(ROWS, None),
    "nan among bools": with_holes(ROWS, float("nan")),
    "masked": np.ma.MaskedArray(ROWS_PM, HOLES),
    "masked bools": np.ma.MaskedArray(ROWS, HOLES),
}


@pytest.mark.parametrize("name", [*COMPLETE, *INCOMPLETE])
def test_rows_in_every_coding_are_the_same_observations(name: str) -> None:
    values = (COMPLETE | INCOMPLETE)[name]
    found = Observations.of(GRAPH, values)
    seen = np.ones((40, 3), bool) if name in COMPLETE else ~HOLES
    np.testing.assert_array_equal(found.seen["s"], seen)
    np.testing.assert_array_equal(np.asarray(found.values["s"])[seen], ROWS_PM[seen])
    np.testing.assert_array_equal(spin_rows("x", values), np.where(seen, ROWS_PM, 0))
    if seen.sum(axis=1).min() > 1:
        np.testing.assert_array_equal(replay_world(values).outcomes, np.where(seen, ROWS_PM, 0))


@pytest.mark.parametrize(
    "values", [ROWS_01, ROWS_01.astype(float), ROWS_01.astype(np.uint8), ROWS_01.tolist()]
)
def test_zeros_and_ones_are_refused_with_the_mend(values: Any) -> None:
    doors = (
        lambda x: Observations.of(GRAPH, x),
        replay_world,
        lambda x: fit_independent(np.asarray(x)),
        lambda x: fit_autoregressive(np.asarray(x)),
    )
    for door in doors:
        with pytest.raises(ValueError, match=r"looks like 0/1: pass 2\*x-1, or `seen=`"):
            door(values)


def test_a_column_of_zeros_and_ones_among_spins_is_refused() -> None:
    mixed = ROWS_PM.copy()
    mixed[:, 1] = ROWS_01[:, 1]
    with pytest.raises(
        ValueError, match=r"s\[1\] = 'only 0 and 1': beside columns of -1 and \+1 this looks like"
    ):
        Observations.of(GRAPH, mixed)
    seen = mixed != 0
    found = Observations.of(GRAPH, mixed, {"s": seen})
    np.testing.assert_array_equal(found.seen["s"], seen)
    few = np.array([[1, 0, -1], [1, 1, 0], [0, 0, 1]])
    np.testing.assert_array_equal(Observations.of(GRAPH, few).seen["s"], few != 0)


@pytest.mark.parametrize(("zeros", "ones"), [(10, 10), (9, 30), (30, 9)])
def test_a_column_among_spins_is_0_1_from_ten_of_each(zeros: int, ones: int) -> None:
    column = np.repeat([0, 1], [zeros, ones])
    rows = np.stack([np.where(np.arange(len(column)) % 2, 1, -1), column], axis=1)
    if min(zeros, ones) == 10:
        with pytest.raises(ValueError, match=r"s\[1\] = 'only 0 and 1'"):
            coded_data("s", spin(2), rows)
    else:
        assert coded_data("s", spin(2), rows)[1][:, 1].sum() == ones


def test_columns_and_groups_of_which_nothing_was_seen() -> None:
    latent = ROWS_PM.copy()
    latent[:, 2] = 0
    assert Observations.of(GRAPH, latent).masks("never")["s"].tolist() == [False, False, True]
    gone = np.where([False, False, True], np.nan, ROWS_PM)
    assert Observations.of(GRAPH, gone).masks("never")["s"].tolist() == [False, False, True]
    assert Observations.of(GRAPH, np.full((4, 3), np.nan)).masks("never")["s"].all()
    with pytest.raises(ValueError, match="s = 'only 0': holds no -1 or"):
        Observations.of(GRAPH, np.zeros((4, 3), int))
    found = Observations.of(GRAPH, np.ones((4, 3), int))
    assert found.is_complete, "ones alone may be either coding and mean the same"


REFUSED = {
    "half": (np.array([[1, 0.5, -1]]), r"s\[1\] in row 0 = 0\.5"),
    "two": (np.array([[1, -1, 2]]), r"s\[2\] in row 0 = 2"),
    "unsigned": (np.array([[1, 255, 1]], np.uint8), r"s\[1\] in row 0 = 255"),
    "infinite": (np.array([[1, -1, np.inf]]), r"s\[2\] in row 0 = inf"),
    "words": (np.array([["up", "down", "up"]]), r"s\.dtype"),
    "texts": (np.array([["-1", "1", "1"]], object), r"s\.dtype = 'text'"),
    "objects": (np.array([["up", 1, None]], object), r"s\.dtype"),
    "both": (np.array([[True, 1, -1]], object), "bools among numbers"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_entries_that_are_no_spins_are_refused(name: str) -> None:
    values, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        Observations.of(GRAPH, values)


def test_what_is_said_to_be_seen_must_be_a_spin() -> None:
    with pytest.raises(
        ValueError, match=r"s\[1\] in row 0 = 0: should be -1 or \+1.*looks like 0/1: pass 2\*x-1"
    ):
        Observations.of(GRAPH, BINARY[None], {"s": ALL[None]})
    with pytest.raises(ValueError, match="must be bool"):
        Observations.of(GRAPH, SIGNS[None], {"s": np.array([[1, 1, 0]])})


def test_categories_and_reals_miss_what_is_nan() -> None:
    values = np.array([[0, np.nan, 2], [1, 2, np.nan]])
    for group in (categorical(3, 3), real(3)):
        found, seen = coded_data("c", group, values)
        np.testing.assert_array_equal(seen, ~np.isnan(values))
        np.testing.assert_array_equal(found[seen], values[seen].astype(group.dtype))
    with pytest.raises(
        ValueError, match=r"c\[1\] in row 0 = -1\.0: should be within 0 \.\. 2, or NaN where missing"
    ):
        coded_data("c", categorical(3, 3), np.array([[0, -1.0, np.nan]]))
    np.testing.assert_array_equal(coded_data("c", categorical(3, 2), TRUTH[None])[0], BINARY[None])


def test_learners_that_miss_nothing_refuse_what_is_missing() -> None:
    state = init(3)
    after = update(state, jnp.asarray(TRUTH)).features
    np.testing.assert_array_equal(after, update(state, jnp.asarray(SIGNS)).features)
    with pytest.raises(ValueError, match=r"spins\[1\] = 0: should be -1 or \+1"):
        update(state, jnp.asarray(BINARY))
    window = PairWindow.empty(3, 4).push(jnp.asarray(TRUTH))
    np.testing.assert_array_equal(window.products, np.outer(SIGNS, SIGNS))


def test_a_replay_of_bools_keeps_its_failures() -> None:
    table = np.ones((300, 4), bool)
    table[::3, 2] = False
    outcomes = np.asarray(replay_world(table).outcomes)
    assert ((outcomes == -1).sum(), (outcomes == 0).sum()) == (100, 0)
    spin_rows("outcomes", outcomes)
    assert coded_state("x", spin(4), table[0]).tolist() == [1, 1, -1, 1]
