"""Models in and out: energies agree with the source's own, in memory and through files."""

import itertools
import json
from pathlib import Path

import dimod
import jax
import jax.numpy as jnp
import networkx as nx
import numpy as np
import pytest
import rustworkx as rx
from dimod.serialization import coo

from isotherm.energy.files.bqm import from_dimod, to_dimod
from isotherm.energy.files.exchange import read_dimod, read_edge_list, write_dimod, write_edge_list
from isotherm.energy.files.networks import Labelled, edges_of, from_networkx, from_rustworkx
from isotherm.energy.machines import restricted_boltzmann
from isotherm.energy.models import ising, p_spin, potts


def random_bqm(seed: int, vartype: str, labels=("a", 3, (1, "x"), "d", 0)) -> dimod.BinaryQuadraticModel:
    rng = np.random.default_rng(seed)
    pairs = [pair for pair in itertools.combinations(labels, 2) if rng.random() < 0.6]
    quadratic = {pair: rng.normal() for pair in pairs}
    return dimod.BinaryQuadraticModel({v: rng.normal() for v in labels}, quadratic, rng.normal(), vartype)


def all_energies(model: Labelled) -> np.ndarray:
    """Of every state, in float64, the offset included."""
    n = len(model.labels)
    states = np.array(list(itertools.product((-1, 1), repeat=n)), np.int8)
    with jax.enable_x64(True):
        graph = jax.tree.map(jnp.asarray, model.graph)
        energies = jax.vmap(lambda s: graph.energy({"s": s}))(jnp.asarray(states))
        return np.asarray(energies) + model.offset


def dimod_energies(bqm: dimod.BinaryQuadraticModel, labels: tuple) -> np.ndarray:
    low = -1 if bqm.vartype is dimod.SPIN else 0
    states = np.array(list(itertools.product((low, 1), repeat=len(labels))), np.int8)
    return bqm.energies((states, list(labels)))


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_energies_of_a_dimod_model_are_kept_there_and_back(vartype: str) -> None:
    for seed in range(3):
        bqm = random_bqm(seed, vartype)
        model = from_dimod(bqm)
        expected = dimod_energies(bqm, model.labels)
        np.testing.assert_allclose(all_energies(model), expected, rtol=0, atol=1e-12)
        for other in ("SPIN", "BINARY"):
            back = to_dimod(model, other)
            assert back.vartype.name == other
            assert set(back.variables) == set(bqm.variables)
            np.testing.assert_allclose(dimod_energies(back, model.labels), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_json_is_what_dimod_writes_and_reads(vartype: str, tmp_path: Path) -> None:
    bqm = random_bqm(5, vartype)
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps(bqm.to_serializable(), indent=1))
    model = read_dimod(path)
    np.testing.assert_allclose(all_energies(model), dimod_energies(bqm, model.labels), rtol=0, atol=1e-12)
    write_dimod(tmp_path / "ours.json", model, vartype)
    back = dimod.BinaryQuadraticModel.from_serializable(json.loads((tmp_path / "ours.json").read_text()))
    assert back.vartype.name == vartype
    np.testing.assert_allclose(
        dimod_energies(back, model.labels), dimod_energies(bqm, model.labels), rtol=0, atol=1e-12
    )


def test_coo_is_what_dimod_writes_and_reads(tmp_path: Path) -> None:
    bqm = random_bqm(6, "SPIN", labels=(0, 2, 3, 7, 11))
    bqm.offset = 0.0
    bqm.add_linear(3, 1e-5)  # dimod's reader skips numbers with an exponent
    path = tmp_path / "theirs.coo"
    with path.open("w") as file:
        coo.dump(bqm, file, vartype_header=True)
    assert read_dimod(path).labels == (0, 2, 3, 7, 11)
    np.testing.assert_allclose(  # dimod writes six digits
        all_energies(read_dimod(path)), dimod_energies(bqm, (0, 2, 3, 7, 11)), rtol=0, atol=1e-5
    )
    write_dimod(tmp_path / "ours.coo", from_dimod(bqm))
    with (tmp_path / "ours.coo").open() as file:
        back = coo.load(file)
    assert set(back.variables) == set(bqm.variables)
    np.testing.assert_allclose(
        dimod_energies(back, tuple(bqm.variables)), dimod_energies(bqm, tuple(bqm.variables)), atol=1e-12
    )


def test_binary_coo_counts_a_repeated_pair_twice_and_takes_its_type_from_the_call(tmp_path: Path) -> None:
    path = tmp_path / "model.coo"
    path.write_text("# a comment\n0 0 -1\n0 1 1.5e0\n\n1 0 .5  # the same pair\n4 4 0\n")
    model = read_dimod(path, "BINARY")
    expected = coo.loads("0 0 -1\n0 1 1.5\n1 0 .5\n4 4 0", vartype="BINARY")
    np.testing.assert_allclose(all_energies(model), dimod_energies(expected, (0, 1, 4)), atol=1e-12)


def test_edge_list_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "model.txt"
    path.write_text("# spins 1 to 4\n1 2 0.5\n\n2\t4  -1e-3 # weak\n  3 2.\n4 -.25\n")
    model = read_edge_list(path)
    assert model.labels == (1, 2, 3, 4)
    s = np.array(list(itertools.product((-1, 1), repeat=4)), np.float64)
    expected = -0.5 * s[:, 0] * s[:, 1] + 1e-3 * s[:, 1] * s[:, 3] - 2 * s[:, 2] + 0.25 * s[:, 3]
    np.testing.assert_allclose(all_energies(model), expected, rtol=0, atol=1e-15)
    write_edge_list(tmp_path / "again.txt", model)
    again = read_edge_list(tmp_path / "again.txt")
    assert again.labels == model.labels
    np.testing.assert_array_equal(all_energies(again), all_energies(model))


def test_a_spin_without_weight_survives_the_files(tmp_path: Path) -> None:
    graph = ising([[0, 1]], 0.1, num_spins=4)
    write_edge_list(tmp_path / "e.txt", graph)
    write_dimod(tmp_path / "m.coo", graph)
    assert read_edge_list(tmp_path / "e.txt").labels == (0, 1, 2, 3)
    assert read_dimod(tmp_path / "m.coo").labels == (0, 1, 2, 3)
    np.testing.assert_array_equal(
        all_energies(read_dimod(tmp_path / "m.coo")), all_energies(Labelled(graph, tuple(range(4))))
    )


def test_several_groups_are_written_in_flat_numbering() -> None:
    machine = restricted_boltzmann(2, 1, [[0.5], [-1.0]], 0.25, 2.0)
    bqm = to_dimod(machine)
    assert dict(bqm.quadratic) == {(2, 0): -0.5, (2, 1): 1.0}
    assert dict(bqm.linear) == {0: -0.25, 1: -0.25, 2: -2.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 1 0.5\n0 1\n1 2 0.5e", r"line 3 = '0.5e': should be a finite number"),
        ("0 1 nan", r"line 1 = 'nan': should be a finite number"),
        ("0 1 1e999", r"line 1 = '1e999': should be a finite number"),
        ("0 1 1_0", r"line 1 = '1_0': should be a finite number"),
        ("0 1 2 3", r"line 1 = '0 1 2 3': should be whole numbers of one or two variables, then a weight"),
        ("0.5 1 2", r"line 1 = '0.5 1 2': should be whole numbers"),
        ("a b 2", r"line 1 = 'a b 2': should be whole numbers"),
        ("-1 0 2", r"line 1 = '-1 0 2': should be whole numbers"),
        ("7", r"line 1 = '7': should be whole numbers"),
        ("2 2 0.5", r"line 1 = \(2, 2\): joins a variable to itself"),
        ("0 1 1\n1 2 1\n1 0 1", r"line 3 = \(1, 0\): repeats .*line 1; give each pair and each bias once"),
        ("0 1.\n0 2.", r"line 2 = \(0,\): repeats .*line 1"),
        ("0 1\n1 2\n2 0", r"line 1 = '0 1': has no weight: an edge is `0 1 1.0`, a bias .* `0 1.0`"),
        ("# Nodes: 4\n0\t1\n0\t2\n", r"line 2 = '0 1': has no weight"),
        ("0 1 0.5\n1 2\n2 3 1\n0 -0.2", r"line 2 = '1 2': has no weight"),
        ("0 1 1e-999", r"line 1 = '1e-999': becomes 0 in float64"),
        ("0 ١ 1", r"line 1 = '0 ١ 1': should be whole numbers"),
        ("0 1 \uff11", r"line 1 = '\uff11': should be a finite number"),
        ("# nothing\n\n", r"file = .*: holds no variable"),
        ("3 2\n0 1 1\n1 2 1", r"line 1 = '3 2': reads like numbers of nodes and edges; put # before it"),
    ],
)
def test_edge_list_refuses_by_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_edge_list(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 1 1", r"vartype = None: should be SPIN or BINARY, in a line"),
        ("# vartype=INTEGER\n0 1 1", r"vartype = 'INTEGER': should be SPIN or BINARY"),
        ("# vartype=SPIN\n0 1", r"line 2 = \(0,\): should be two variables"),
        ("# vartype=SPIN\n0 1 x", r"line 2 = 'x': should be a finite number"),
        ('{"type": "BinaryQuadraticModel"', r"line 1 = .*: should be JSON"),
        ('{"type": "SampleSet"}', r"type = 'SampleSet': should be 'BinaryQuadraticModel'"),
    ],
)
def test_dimod_files_are_refused_by_line_or_field(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.coo"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_dimod(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": {"bqm_schema": "2.0.0"}}, "bqm_schema = '2.0.0': should be 3"),
        ({"use_bytes": True}, "use_bytes = True: should be false"),
        ({"offset": None}, "offset = None: is missing"),
        ({"offset": float("inf")}, "offset = inf: should be finite"),
        ({"variable_type": "INTEGER"}, "variable_type = 'INTEGER': should be SPIN or BINARY"),
        ({"linear_biases": [0.0]}, r"len\(linear_biases\) = 1: should be 3"),
        ({"linear_biases": [0.0, float("nan"), 0.0]}, r"linear_biases\[1\] = nan: should be a finite number"),
        ({"quadratic_head": [3]}, r"quadratic_head\[0\] = 3: should be within 0 .. 2"),
        ({"quadratic_head": [1.0]}, r"quadratic_head\[0\] = 1.0: should be within"),
        ({"quadratic_head": []}, r"len\(quadratic_head\) = 0: should be 1"),
        ({"quadratic_tail": [0]}, r"quadratic_head\[0\] = 'a': joins a variable to itself"),
        ({"variable_labels": ["a", "a", "b"]}, "variable_labels = 3: should be at least one, each once"),
    ],
)
def test_dimod_json_is_refused_by_field(change: dict, message: str, tmp_path: Path) -> None:
    bqm = dimod.BinaryQuadraticModel({"a": 1, "b": 2, "c": 0}, {("a", "b"): 1}, 0.0, "SPIN")
    held = bqm.to_serializable() | {"quadratic_head": [0], "quadratic_tail": [1]}
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(held))
    read_dimod(path)
    path.write_text(json.dumps(held | change))
    with pytest.raises(ValueError, match=message) as caught:
        read_dimod(path)
    assert "\n" not in str(caught.value)


def test_type_of_a_file_and_of_the_call_must_agree(tmp_path: Path) -> None:
    path = tmp_path / "model.coo"
    path.write_text("# vartype=SPIN\n0 1 1")
    with pytest.raises(ValueError, match="vartype = 'BINARY': the file says SPIN"):
        read_dimod(path, "BINARY")


def test_files_refuse_what_they_cannot_hold(tmp_path: Path) -> None:
    path = tmp_path / "out"
    named = Labelled(ising([[0, 1]], 1.0), ("a", "b"))
    with pytest.raises(ValueError, match=r"label = 'a': .*whole numbers from 0 only; write .json"):
        write_edge_list(path, named)
    with pytest.raises(ValueError, match=r"offset = 1.5: .*no place for one; write .json"):
        write_dimod(path, Labelled(named.graph, (0, 1), 1.5))
    with pytest.raises(ValueError, match=r"couplings = \('c', 'c'\): only biases and couplings of spins"):
        write_edge_list(path, potts([[0, 1]], 3, 1.0))
    with pytest.raises(
        ValueError, match=r"couplings = \('s', 's', 's'\): only biases and couplings of spins"
    ):
        to_dimod(p_spin([[0, 1, 2]], 1.0))
    with pytest.raises(ValueError, match=r"label = frozenset.*: should be text, a number, or a tuple"):
        write_dimod(tmp_path / "out.json", Labelled(named.graph, (frozenset({1}), 2)))
    assert not list(tmp_path.iterdir())


def test_binary_file_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "model.coo"
    path.write_bytes(b"PNGX\x02\x00\xff\xfe")
    with pytest.raises(ValueError, match="is not text"):
        read_dimod(path)


def test_networkx_graph_by_attributes() -> None:
    net = nx.Graph()
    net.add_edge("b", "a", weight=0.5)
    net.add_edge("a", ("c", 1), weight=-2)
    nx.set_node_attributes(net, {"b": 0.1, "a": 0.2, ("c", 1): 0.3}, "bias")
    model = from_networkx(net, biases="bias")
    assert model.labels == ("b", "a", ("c", 1))
    assert model.number_of(("c", 1)) == 2
    s = np.array(list(itertools.product((-1, 1), repeat=3)), np.float64)
    expected = -s @ [0.1, 0.2, 0.3] - 0.5 * s[:, 0] * s[:, 1] + 2 * s[:, 1] * s[:, 2]
    np.testing.assert_allclose(all_energies(model), expected, atol=1e-12)
    shared = from_networkx(net, couplings=1.0).graph
    assert shared.factors[0].parameters.shape == (1,)
    with pytest.raises(ValueError, match="label = 'z': unknown; there are 3, from 'b' on"):
        model.number_of("z")


def test_rustworkx_graph_with_removed_nodes() -> None:
    net = rx.PyGraph()
    net.add_nodes_from([0.5, 9.0, -1.0, 0.25])
    net.add_edges_from([(0, 2, {"J": 2.0}), (2, 3, {"J": -1.0}), (0, 1, {"J": 7.0})])
    net.remove_node(1)
    model = from_rustworkx(net, lambda held: held["J"], float)
    assert model.labels == (0, 2, 3)
    s = np.array(list(itertools.product((-1, 1), repeat=3)), np.float64)
    expected = -s @ [0.5, -1.0, 0.25] - 2 * s[:, 0] * s[:, 1] + s[:, 1] * s[:, 2]
    np.testing.assert_allclose(all_energies(model), expected, atol=1e-12)


def test_edges_of_both_kinds_of_graph_agree() -> None:
    theirs, ours = edges_of(nx.cycle_graph(5)), edges_of(rx.generators.cycle_graph(5))
    assert {frozenset(pair) for pair in theirs.pairs.tolist()} == {
        frozenset(pair) for pair in ours.pairs.tolist()
    }
    assert potts(ours.pairs, 3, 1.0).num_variables == 5


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (nx.DiGraph([(0, 1)]), "net = 'DiGraph': should be undirected"),
        (rx.PyDiGraph(), "net = 'PyDiGraph': should be undirected"),
        (nx.Graph(), "net = 'no nodes': at least one node is needed"),
        (nx.Graph([("a", "a")]), r"edge = \('a', 'a'\): joins a node to itself"),
        (nx.MultiGraph([(0, 1), (1, 0)]), r"edge = \(.*\): stands there twice; add parallel edges up first"),
        ([(0, 1)], "net = 'list': should be a graph of networkx or rustworkx"),
    ],
)
def test_networks_that_are_no_factor_graph_are_refused(net: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        edges_of(net)


def test_missing_and_unreadable_attributes_are_named() -> None:
    net = nx.Graph([("a", "b")])
    with pytest.raises(ValueError, match=r"edge \('a', 'b'\) = \{\}: has no attribute 'weight'"):
        from_networkx(net)
    net.edges["a", "b"]["weight"] = "heavy"
    with pytest.raises(
        ValueError, match=r"edge \('a', 'b'\)\['weight'\] = 'heavy': cannot be read as a number"
    ):
        from_networkx(net)
    net.edges["a", "b"]["weight"] = float("nan")
    with pytest.raises(ValueError, match=r"edge \('a', 'b'\)\['weight'\] = nan: should be finite"):
        from_networkx(net)
    with pytest.raises(ValueError, match=r"node 'a' = \{\}: has no attribute 'bias'"):
        from_networkx(net, 1.0, "bias")
    with pytest.raises(ValueError, match=r"edge \(0, 1\) = None: cannot be read as a number"):
        from_rustworkx(rx.generators.path_graph(2))
