"""Colourings: proper, complete and of few colours, whatever the numbering."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isotherm.energy.blocks import check_block, colour_blocks, greedy_colours
from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.models import ising
from isotherm.energy.variables import categorical, spin

TRIPLES = FactorGraph.of(
    {"s": spin(4), "c": categorical(3, 3)},
    [
        Factor.of(("s", "s", "c"), [[0, 1, 0], [2, 3, 1]], np.ones((2, 3)), name="triples"),
        Factor.of("c", [2], np.ones((1, 3)), name="alone"),
    ],
)


def grid(side: int) -> np.ndarray:
    sites = np.arange(side * side).reshape(side, side)
    across = np.stack([sites[:, :-1].ravel(), sites[:, 1:].ravel()], axis=1)
    return np.concatenate([across, np.stack([sites[:-1].ravel(), sites[1:].ravel()], axis=1)])


def is_independent(graph: FactorGraph, block: np.ndarray) -> bool:
    return not np.isin(graph.interacting_pairs(), block).all(axis=1).any()


@settings(derandomize=True, deadline=None, max_examples=50)
@given(
    st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda e: e[0] < e[1]), min_size=1),
    st.data(),
)
def test_blocks_part_the_free_variables_and_hold_no_neighbours(edges: set, data: st.DataObject) -> None:
    graph = ising(sorted(edges), 1.0, num_spins=12)
    held = np.array(data.draw(st.lists(st.booleans(), min_size=12, max_size=12)))
    blocks = colour_blocks(graph, held)
    np.testing.assert_array_equal(
        np.sort(np.concatenate([*blocks, np.zeros(0, np.int32)])), np.flatnonzero(~held)
    )
    assert all(is_independent(graph, block) and (np.diff(block) > 0).all() for block in blocks)
    assert [len(block) for block in blocks] == sorted(map(len, blocks), reverse=True)
    degrees = np.bincount(np.array(sorted(edges)).ravel(), minlength=12)
    assert len(blocks) <= degrees.max() + 1


def test_two_colours_where_two_suffice_in_any_numbering() -> None:
    shuffled = np.random.default_rng(0).permutation(36)[grid(6)]
    assert greedy_colours(36, shuffled).max() == 1
    assert greedy_colours(3, np.array([[0, 1], [1, 2], [0, 2]])).max() == 2
    assert np.ptp(greedy_colours(3, np.zeros((0, 2), np.int32))) == 0


def test_holding_a_variable_frees_a_colour() -> None:
    graph = ising([[0, 1], [1, 2], [0, 2]], 1.0)
    assert len(colour_blocks(graph)) == 3
    assert sorted(b.tolist() for b in colour_blocks(graph, np.array([False, True, False]))) == [[0], [2]]
    assert colour_blocks(graph, np.ones(3, bool)) == []


def test_all_variables_of_a_factor_differ_in_colour() -> None:
    blocks = colour_blocks(TRIPLES)
    assert len(blocks) == 3
    assert all(is_independent(TRIPLES, block) for block in blocks)


def test_a_block_that_interacts_is_refused_by_name() -> None:
    pairs = TRIPLES.interacting_pairs()
    check_block(TRIPLES, np.array([0, 2, 6]), pairs, "blocks[1]")
    with pytest.raises(
        ValueError, match=r"blocks\[1\] = 's\[2\], c\[1\]': interact; a block may hold only one"
    ):
        check_block(TRIPLES, np.array([0, 2, 5]), pairs, "blocks[1]")
