"""Labelled tensors: what each selection reads and writes, against plain indexing."""

import numpy as np
import pytest

from isotherm.energy.hidden.labels import LabelledTensor

EVENT = {"where": ["home", "work", "shop"]}
BATCH = {"from": ["a", "b", "c", "d"], "by": ["bus", "foot"]}
VALUES = np.arange(24.0).reshape(3, 4, 2)


def tensor() -> LabelledTensor:
    return LabelledTensor(EVENT, BATCH, VALUES)


READ = [
    (({"where": "work"},), VALUES[1]),
    (({"where": "work"}, {"by": "foot"}), VALUES[1, :, 1]),
    ((None, {"from": "c", "by": 0}), VALUES[:, 2, 0]),
    (
        ({"where": ["home", "shop"]}, {"from": ["d", "a"], "by": "bus"}),
        VALUES[np.ix_([0, 2], [3, 0], [0])][..., 0],
    ),
    (({}, {"from": slice(1, 3)}), VALUES[:, 1:3]),
    (("work", "b", "foot"), VALUES[1, 1, 1]),
    ((slice(None), "b"), VALUES[:, 1]),
    ((-1, ["a", 1]), VALUES[2, [0, 1]]),
    (("home", slice(None, None, -1), np.array([1])), VALUES[0, ::-1, 1:]),
]


@pytest.mark.parametrize(("selection", "expected"), READ)
def test_selections_read_and_write_blocks(selection: tuple, expected: np.ndarray) -> None:
    key = selection if len(selection) > 1 else selection[0]
    np.testing.assert_array_equal(tensor()[key], expected)
    written = tensor()
    written[key] = expected + 100
    np.testing.assert_array_equal(written[key], expected + 100)
    assert (written.values != VALUES).sum() == expected.size
    written[key] = 7
    assert (written.values == 7).sum() >= expected.size


def test_points_pair_lists_up() -> None:
    key = ({"where": ["home", "shop"]}, {"from": ["a", "c"]})
    np.testing.assert_array_equal(tensor().points[key], VALUES[[0, 2], [0, 2]])
    np.testing.assert_array_equal(
        tensor().points[key[0], {"from": ["a", "c"], "by": "foot"}], VALUES[[0, 2], [0, 2], 1]
    )
    np.testing.assert_array_equal(
        tensor().points["home", ["a", "d"], ["foot", "bus"]], VALUES[0, [0, 3], [1, 0]]
    )
    np.testing.assert_array_equal(
        tensor().points[:, ["a", "d"], ["foot", "bus"]], VALUES[:, [0, 3], [1, 0]].T
    )
    np.testing.assert_array_equal(tensor().points["home", "b"], VALUES[0, 1])
    written = tensor()
    written.points[key] = -1
    np.testing.assert_array_equal(np.argwhere(written.values == -1)[:, :2], [[0, 0], [0, 0], [2, 2], [2, 2]])
    written.points[["home", "work"], ["a", "b"], 0] = [50, 60]
    assert written.values[0, 0, 0] == 50
    assert written.values[1, 1, 0] == 60


def test_whole_numbers_are_positions_even_where_labels_are_numbers() -> None:
    numbered = LabelledTensor({"level": [20, 10, 0]}, values=[1.0, 2.0, 3.0])
    assert numbered[0] == 1.0
    assert numbered[{"level": 2}] == 3.0
    with pytest.raises(ValueError, match=r"event\['level'\] = 20: should be within -3 .. 2"):
        numbered[20]
    sized = LabelledTensor({"x": 2}, {"y": 3})
    assert sized.shape == (2, 3)
    assert np.asarray(sized).dtype == np.float64


def test_columns_are_normalised_and_what_is_missing_is_named() -> None:
    found = tensor()
    found.normalise()
    np.testing.assert_allclose(found.values, VALUES / VALUES.sum(0))
    assert found.unfilled() == []
    found["shop", "b", "foot"] += 0.5
    found[:, "d", 0] = np.nan
    told = found.unfilled()
    assert [place for place, _ in told] == [
        "where given from = 'b', by = 'foot'",
        "where given from = 'd', by = 'bus'",
    ]
    assert told[0][1] == pytest.approx(1.5)
    assert found.unfilled(slack=0.6)[0][0] == "where given from = 'd', by = 'bus'"
    found[{}, {"from": "a", "by": "bus"}] = 0
    with pytest.raises(ValueError, match=r"where given from = 'a', by = 'bus' = 0.0: a column of zeros"):
        found.normalise()
    lone = LabelledTensor({"x": 2})
    assert lone.unfilled() == [("x", 0.0)]


def test_agents_come_first() -> None:
    many = LabelledTensor({"x": ["p", "q"]}, {"y": 3}, num_agents=4)
    assert many.shape == (4, 2, 3)
    many[{"x": "q"}, {"agent": 1}] = 1.0
    np.testing.assert_array_equal(many.values[1], [[0, 0, 0], [1, 1, 1]])
    assert many.values.sum() == 3
    assert many.unfilled()[0][0] == "x given agent = 0, y = 0"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: LabelledTensor({}), r"event = \{\}: must have an axis"),
        (lambda: LabelledTensor({"x": ["a", "a"]}), r"event\['x'\] = 'a': a label comes twice"),
        (lambda: LabelledTensor({"x": []}), r"event\['x'\] = '\[\]': must have a label"),
        (lambda: LabelledTensor({"x": 2}, values=[1.0, 2.0, 3.0]), r"values.shape = \(3,\): must be \(2,\)"),
        (
            lambda: tensor()["pub"],
            r"event\['where'\] = 'pub': unknown; its labels are 'home', 'work', 'shop'",
        ),
        (lambda: tensor()[{"from": "a"}], r"event = 'from': no such axis; there is where"),
        (lambda: tensor()[{}, {"where": "home"}], r"batch = 'where': no such axis; there is from, by"),
        (lambda: tensor()[{}, {}, {}], "selection = 3: must be two mappings"),
        (lambda: tensor()[0, 0, 0, 0], "selection = 4: must be for 3 axes at most"),
        (lambda: tensor()[True], r"event\['where'\] = True: unknown"),
        (lambda: tensor()[3], r"event\['where'\] = 3: should be within -3 .. 2"),
        (lambda: tensor().points[["home"], ["a", "b"]], r"selection = \[1, 2\]: lists that are paired up"),
        (lambda: tensor().__setitem__("home", [1.0, 2.0, 3.0]), r"value.shape = \(3,\): must fit \(4, 2\)"),
    ],
)
def test_bad_arguments_are_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_slices_count_positions() -> None:
    with pytest.raises(TypeError, match=r"event\['where'\] = a slice: should be a slice of positions"):
        tensor()["home":"shop"]  # pyright: ignore[reportArgumentType]
