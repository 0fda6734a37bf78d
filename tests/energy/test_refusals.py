"""Every bad model is refused in one line that names the variable, the factor or the argument."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from isotherm.energy.factor import Factor, Quadratic, scope_of
from isotherm.energy.files.bqm import from_dimod, to_dimod
from isotherm.energy.gaussian import gaussian, spin_gaussian
from isotherm.energy.graph import FactorGraph
from isotherm.energy.machines import (
    boltzmann_machine,
    deep_boltzmann,
    restricted_boltzmann,
    semi_restricted_boltzmann,
)
from isotherm.energy.models import ising, p_spin, potts, random_field_ising
from isotherm.energy.variables import categorical, custom, real, spin

KEY = jax.random.key(0)
GROUPS = {"s": spin(3), "c": categorical(2, 4), "x": real(2), "u": custom(2)}


def pair(variables: Any = ((0, 1),), weights: Any = 1.0, groups: tuple[str, ...] = ("s", "s")) -> Factor:
    return Factor.of(groups, variables, np.atleast_1d(weights), name="pair")


def plainly(function: Callable[..., object]) -> Callable[..., object]:
    """Without the tests' own check of annotations, as users call it."""
    return inspect.unwrap(function)


def graph(factor: Any) -> FactorGraph:
    return FactorGraph.of(GROUPS, [factor])


CASES: list[tuple[Callable[[], object], str]] = [
    # variables
    (lambda: spin(0), "size = 0: should be at least 1"),
    (lambda: real(-1), "size = -1: should be at least 1"),
    (lambda: categorical(0, 3), "size = 0: should be at least 1"),
    (lambda: categorical(3, 1), "cardinality = 1: should be within 2 .. 65536"),
    (lambda: categorical(3, 65537), "cardinality = 65537: should be within 2 .. 65536"),
    (lambda: plainly(spin)(2.5), "size = 2.5: should be a whole number, at least 1"),
    (lambda: plainly(spin)(True), "size = True: should be a whole number, at least 1"),
    (
        lambda: plainly(categorical)(3, 2.5),
        "cardinality = 2.5: should be a whole number, within 2 .. 65536",
    ),
    # scopes
    (
        lambda: pair([[0, 1], [1]]),
        "pair.variables = 'rows of different lengths': must be a regular array",
    ),
    (lambda: pair(weights="strong"), "pair.weights.dtype = '<U6': must be real numbers"),
    (
        lambda: Factor.of("c", [0, 1], [[0, 1], [1]], name="table"),
        "table.weights = 'rows of different lengths': must be a regular array",
    ),
    (
        lambda: pair([[0, 1, 2]]),
        "pair.variables.shape = (1, 3): must be (factors, 2), to match the groups ('s', 's')",
    ),
    (
        lambda: pair([0, 1]),
        "pair.variables.shape = (2,): must be (factors, 2), to match the groups ('s', 's')",
    ),
    (lambda: pair(np.zeros((0, 2), int)), "pair.variables = '[]': at least one factor is needed"),
    (lambda: pair([[0.0, 1.0]]), "pair.variables.dtype = 'float64': must be whole numbers"),
    (lambda: pair([[True, False]]), "pair.variables.dtype = 'bool': must be whole numbers"),
    (lambda: pair([[0, 1], [2, 2]]), "pair[1] = [2, 2]: holds s[2] twice; a factor may hold it once"),
    (
        lambda: pair([[1, 0, 1]], groups=("s", "c", "s")),
        "pair[0] = [1, 0, 1]: holds s[1] twice; a factor may hold it once",
    ),
    # graphs
    (lambda: FactorGraph.of(GROUPS, []), "factors = '()': at least one factor is needed"),
    (lambda: graph(pair(groups=("s", "t"))), "pair.groups = 't': unknown; the graph has s, c, x, u"),
    (lambda: graph(pair([[0, 1], [1, 3]])), "pair[1] = 's[3]': unknown; s has 0 .. 2"),
    (lambda: graph(pair([[-1, 1]])), "pair[0] = 's[-1]': unknown; s has 0 .. 2"),
    (
        lambda: graph(pair([[0, 1], [1, 2]], [1, 2, 3])),
        "pair.weights.shape = (3,): must be (2,), or (1,) where all factors share",
    ),
    (
        lambda: graph(pair([[0, 1]], np.ones((1, 3)), ("s", "c"))),
        "pair.weights.shape = (1, 3): must be (1, 4), or (1, 4) where all factors share",
    ),
    (
        lambda: graph(pair([[0, 1], [1, 2]], [0, np.nan])),
        "pair[1] = nan: weights should be finite, or -inf to forbid a value",
    ),
    (lambda: graph(pair(weights=-np.inf)), "pair[0] = -inf: weights beside spins or reals should be finite"),
    (
        lambda: graph(Factor.of("c", [1], [[0, 1, np.inf, 0]], name="table")),
        "table[0, 2] = inf: weights should be finite, or -inf to forbid a value",
    ),
    (
        lambda: graph(pair(groups=("s", "u"))),
        "pair.groups = ('s', 'u'): custom kinds need a factor of their own",
    ),
    (
        lambda: graph(Quadratic(precisions=np.ones(1), scope=scope_of(("s",), [0], "q"), name="q")),
        "q.groups = ('s',): a parabola needs real variables",
    ),
    (
        lambda: graph(Quadratic(precisions=np.ones(3), scope=scope_of(("x",), [0, 1], "q"), name="q")),
        "q.parameters.shape = (3,): must lead with 2, or with 1 where all factors share",
    ),
    # constructors
    (lambda: ising([[0, 1], [1]], 1.0), "edges = 'rows of different lengths': must be a regular array"),
    (lambda: ising([[0, 1]], ["a"]), "couplings.dtype = '<U1': must be real numbers"),
    (lambda: ising([[0, 1]], 1j), "couplings.dtype = 'complex128': must be real numbers"),
    (lambda: ising([[0, 1]], 1.0, [[1], [1, 2]]), "biases = 'rows of different lengths': must be a regular"),
    (lambda: ising([[0, 1, 2]], 1.0), "edges.shape = (1, 3): must be (num_edges, 2)"),
    (lambda: ising([[0.5, 1]], 1.0), "edges.dtype = 'float64': must be whole numbers"),
    (lambda: ising([[0, 1], [1, 1]], 1.0), "edges[1] = [1, 1]: joins a variable to itself"),
    (
        lambda: ising([[0, 1], [1, 2], [1, 0]], 1.0),
        "edges[2] = [1, 0]: repeats edges[0]; give each pair once",
    ),
    (lambda: ising([[0, 1], [1, -1]], 1.0), "edges[1] = [1, -1]: indices should be within 0 .. 1"),
    (lambda: ising([[0, 1], [1, 5]], 1.0, num_spins=3), "edges[1] = [1, 5]: indices should be within 0 .. 2"),
    (lambda: ising([], 1.0), "num_spins = None: must be given where there are no edges"),
    (lambda: ising([[0, 1]], [1.0, 2.0]), "couplings.weights.shape = (2,): must be (1,), or (1,)"),
    (lambda: ising([[0, 1]], np.nan), "couplings[0] = nan: weights should be finite"),
    (lambda: ising([[0, 1]], 1.0, [1.0, 2.0, 3.0]), "biases.weights.shape = (3,): must be (2,), or (1,)"),
    (lambda: random_field_ising(KEY, [], 1.0), "num_spins = None: must be given where there are no edges"),
    (
        lambda: p_spin([[0, 1, 0]], 1.0),
        "scopes[0] = [0, 1, 0]: holds s[0] twice; a factor may hold it once",
    ),
    (lambda: potts([[0, 1]], 1, 1.0), "cardinality = 1: should be within 2 .. 65536"),
    (lambda: potts([[0, 1]], 3, 1.0, [1.0, 2.0]), "fields.shape = (2,): must be (3,), or () for one number"),
    (
        lambda: potts([[0, 1]], 3, 1.0, np.ones((3, 3))),
        "fields.weights.shape = (3, 3): must be (2, 3), or (1, 3)",
    ),
    (lambda: potts([[0, 1]], 3, [1.0, 2.0]), "couplings.weights.shape = (2, 3, 3): must be (1, 3, 3)"),
    (
        lambda: restricted_boltzmann(3, 2, np.ones((2, 3))),
        "couplings.shape = (2, 3): must be (3, 2), or () for one number",
    ),
    (lambda: restricted_boltzmann(3, 2, 0.0, [1.0]), "visible_biases.shape = (1,): must be (3,), or ()"),
    (lambda: restricted_boltzmann(3, 0), "num_hidden = 0: should be at least 1"),
    (lambda: restricted_boltzmann(0, 3), "num_visible = 0: should be at least 1"),
    (lambda: boltzmann_machine(2, 1, [[0, 3]]), "edges[0] = [0, 3]: indices should be within 0 .. 2"),
    (
        lambda: boltzmann_machine(2, 1, biases=[1.0]),
        "biases.shape = (1,): must be (3,), or () for one number",
    ),
    (
        lambda: semi_restricted_boltzmann(2, 2, [[0, 2]]),
        "edges[0] = [0, 2]: indices should be within 0 .. 1",
    ),
    (lambda: deep_boltzmann([3]), "layers = [3]: at least two layers are needed"),
    (lambda: deep_boltzmann([3, 0]), "layers[1] = 0: should be at least 1"),
    (lambda: deep_boltzmann([3, 2], [1.0, 1.0]), "len(couplings) = 2: should be 1"),
    (lambda: deep_boltzmann([3, 2], biases=[0, [1.0]]), "biases[1].shape = (1,): must be (2,), or ()"),
    (lambda: plainly(from_dimod)(3), "model = 3: should be a dimod.BinaryQuadraticModel"),
    (
        lambda: plainly(to_dimod)(ising([[0, 1]], 1.0), "INTEGER"),
        "vartype = 'INTEGER': should be one of SPIN, BINARY",
    ),
    (lambda: gaussian([[0, 1]], [1.0, -1.0], 0.1), "diagonal[1] = -1.0: should be positive"),
    (lambda: gaussian([[0, 1]], [1.0, np.nan], 0.1), "diagonal[1] = nan: should be positive"),
    (lambda: gaussian([[0, 1]], [1.0, 1.0, 1.0], 0.1), "diagonal.shape = (3,): must be (2,), or ()"),
    (
        lambda: gaussian([[0, 1]], 1.0, 1.5),
        "smallest eigenvalue of the precision matrix = -0.",
    ),
    (lambda: spin_gaussian([True, True], [[0, 1]], 1.0), "is_spin = [True, True]: should be one row with"),
    (
        lambda: spin_gaussian([True, False], [[0, 1]], [1.0, 2.0]),
        "couplings.shape = (2,): must be (1,), or ()",
    ),
]


@pytest.mark.parametrize(("build", "message"), CASES, ids=[message for _, message in CASES])
def test_bad_models_are_refused_by_name(build: Callable[[], object], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=r"^" + re.escape(message)) as caught:
        build()
    assert "\n" not in str(caught.value)


def test_minus_infinity_forbids_a_category() -> None:
    model = graph(Factor.of("c", [1], [0.0, -np.inf, 0, 0], name="table"))
    assert model.factors[0].parameters.shape == (1, 4)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"s": np.ones(2, np.int8)}, "x = ['s']: lacks the group 'c'"),
        ({"s": np.ones(3, np.int8), "c": np.zeros(2, np.uint8)}, "x['s'].shape = (3,): must be (2,)"),
        ({"s": np.int8(1), "c": np.zeros(2, np.uint8)}, "x['s'].shape = (): must be (2,); vmap for more"),
        (
            {"s": np.array([0.5, 1], np.float32), "c": np.zeros(2, np.uint8)},
            "x['s'].dtype = 'float32': must be int8",
        ),
        ({"s": np.ones(2, np.int8), "c": np.zeros(2, bool)}, "x['c'].dtype = 'bool': should be"),
        (
            {"s": np.array([1, 0], np.int8), "c": np.zeros(2, np.uint8)},
            "x['s'][1] = 0: should be -1 or +1",
        ),
        ({"s": np.ones(2, np.uint8), "c": np.zeros(2, np.uint8)}, "x['s'].dtype = 'uint8': must be int8"),
        (
            {"s": np.ones(2, np.int8), "c": np.zeros(2, np.float32)},
            "x['c'].dtype = 'float32': must be uint8",
        ),
    ],
)
def test_states_that_are_none_are_refused_by_group(state: dict, message: str) -> None:
    model = FactorGraph.of({"s": spin(2), "c": categorical(2, 3)}, [Factor.of("s", [0, 1], 1.0)])
    allowed = {"s": np.ones(2, np.int32), "c": np.zeros(2, np.int32)}
    assert float(model.energy(allowed)) == -2.0
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        model.energy(state)
