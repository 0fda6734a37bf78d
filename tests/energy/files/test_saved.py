"""Models in files: what is read back is what was written, and nothing else is read."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import isotherm as iso
from isotherm.energy import (
    DiscretePolicy,
    Factor,
    FactorGraph,
    GaussianPolicy,
    Ising,
    LatticeClock,
    LatticeIsing,
    LatticePotts,
    LatticeXY,
    LinearGaussian,
    MixturePolicy,
    Quadratic,
    QuadraticReward,
    Scope,
    TableReward,
    Tilted,
    categorical,
    chain,
    gaussian_couplings,
    ising,
    random_model,
    real,
    restricted_boltzmann,
    spin,
    square,
    triangular,
)
from isotherm.energy.files.saved import HEADER, MODELS
from isotherm.exact import exact
from isotherm.files.content import json_bytes, npz_bytes, read_npz

MIXED = FactorGraph.of(
    {"road": spin(3), "sky": categorical(2, cardinality=3), "x": real(2)},
    [
        Factor.of("road", [0, 1, 2], weights=[0.2, -0.1, 0.4], name="fields"),
        Factor.of(("sky", "sky"), [[0, 1]], weights=[[[0, -np.inf, 0.3], [0, 1, 2], [0, 0, 0]]]),
        Quadratic(jnp.array([4.0, 1.0]), Scope(("x",), np.array([[0], [1]])), "precisions"),
    ],
)
SAVED: dict[str, Any] = {
    "dense": Ising.checked([0.1, 0.2], 0.5),
    "batch": jax.vmap(lambda b: Ising(jnp.array([b, 0.0]), jnp.zeros((2, 2))))(jnp.arange(3.0)),
    "pairs": ising([[0, 1], [1, 2]], couplings=[0.1, 0.2]),
    "mixed": MIXED,
    "machine": restricted_boltzmann(3, 2, 0.5, 1.0),
    "square": LatticeIsing(square(4), field=0.25),
    "glass": LatticeIsing(square(4), coupling=gaussian_couplings(0, square(4))),
    "potts": LatticePotts(triangular(6), 3, field=0.2),
    "clock": LatticeClock(chain(5, periodic=False), 4),
    "angles": LatticeXY(square(4), coupling=[1.0, 2.0]),
    "gaussian": GaussianPolicy([0.0, 1.0], [[1.0, 0.2], [0.2, 2.0]]),
    "mixture": MixturePolicy([0.3, 0.7], [[0.0], [1.0]], [[[1.0]], [[2.0]]]),
    "discrete": DiscretePolicy([0.1, 0.2, 0.3]),
    "transition": LinearGaussian([[1.0]], [0.5], [[2.0]]),
    "quadratic": QuadraticReward([[1.0]], [2.0]),
    "table": TableReward([1.0, 2.0, 0.5]),
    "tilted": Tilted(GaussianPolicy([0.0], [[1.0]]), QuadraticReward([[1.0]], [2.0])),
    "agent": random_model(0, num_obs=(3, 2), num_states=(4,), num_controls=(2,)),
}


def leaves(model: Any) -> list[Any]:
    return jax.tree.leaves(model, is_leaf=lambda leaf: leaf is None)


@pytest.mark.parametrize("name", SAVED)
def test_what_is_read_is_what_was_written(name: str, tmp_path: Path) -> None:
    model, path = SAVED[name], tmp_path / "model.npz"
    iso.save(model, path)
    again = iso.load(str(path))
    assert type(again) is type(model)
    assert jax.tree.structure(again) == jax.tree.structure(model)
    for one, other in zip(leaves(model), leaves(again), strict=True):
        assert isinstance(other, jax.Array) == isinstance(one, jax.Array)
        if one is not None:
            assert np.asarray(one).dtype == np.asarray(other).dtype
            np.testing.assert_array_equal(one, other)
    first = path.read_bytes()
    iso.save(again, path)
    assert path.read_bytes() == first
    assert [entry.name for entry in path.parent.iterdir()] == ["model.npz"]


def test_every_kind_is_tried() -> None:
    tried = {type(model) for model in SAVED.values()}
    assert {kind for kind in MODELS if kind.__name__ != "AveragedReward"} <= tried


def test_what_was_read_gives_the_same_answers(tmp_path: Path) -> None:
    for name in ("dense", "pairs", "glass"):
        iso.save(SAVED[name], tmp_path / "m.npz")
        assert float(exact(iso.load(tmp_path / "m.npz"), 0.7).log_z) == float(exact(SAVED[name], 0.7).log_z)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (3, "model = 3: should be a model"),
        (
            Tilted(GaussianPolicy([0.0], [[1.0]]), lambda x: x.sum()),
            "model.reward = <function .*: is no data, and cannot be saved",
        ),
    ],
)
def test_what_is_no_data_is_not_saved(model: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=message):
        iso.save(model, tmp_path / "m.npz")
    assert list(tmp_path.iterdir()) == []


def test_no_folder_is_made(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"path = .*m\.npz'?: its folder does not exist"):
        iso.save(SAVED["dense"], tmp_path / "deep" / "m.npz")
    assert list(tmp_path.iterdir()) == []


def test_traced_arrays_are_not_saved(tmp_path: Path) -> None:
    def traced(b: jax.Array) -> jax.Array:
        iso.save(Ising(b, jnp.zeros((2, 2))), tmp_path / "m.npz")
        return b

    with pytest.raises(ValueError, match=r"model\.biases = 'traced': must be known"):
        jax.jit(traced)(jnp.zeros(2))


def _changed(content: bytes, change: Any) -> bytes:
    """The file with another header, whose digest is left."""
    arrays = read_npz(content)
    header = json.loads(arrays[HEADER].tobytes())
    change(header, arrays)
    arrays[HEADER] = np.frombuffer(json_bytes(header), np.uint8)
    return npz_bytes(arrays)


def _other_format(header: Any, arrays: Any) -> None:
    header["format"] = 2


def _other_number(header: Any, arrays: Any) -> None:
    arrays["a0"] = arrays["a0"] + 1


def _other_tree(header: Any, arrays: Any) -> None:
    header["model"]["of"]["biases"]["by"] = "numpy"


def _no_model(header: Any, arrays: Any) -> None:
    del header["model"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content[:-20], "is no model that `save` wrote"),
        (lambda content: b"", "is no model that `save` wrote"),
        (lambda content: b"PK" + content[2:40], "is no model that `save` wrote"),
        (lambda content: npz_bytes({"a": np.zeros(3)}), "is no model that `save` wrote"),
        (lambda content: _changed(content, _no_model), "is no model that `save` wrote"),
        (lambda content: _changed(content, _other_format), "is of format 2; this version reads 1"),
        (lambda content: _changed(content, _other_number), "was changed since it was saved"),
        (lambda content: _changed(content, _other_tree), "was changed since it was saved"),
    ],
)
def test_what_was_not_written_so_is_not_read(change: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    iso.save(SAVED["dense"], path)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match=f"path = .*m.npz.*: {message}"):
        iso.load(path)


def test_a_file_that_is_not_there_or_holds_objects_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"path = .*no.npz.*: cannot be read: No such file"):
        iso.load(tmp_path / "no.npz")
    pickled = io.BytesIO()
    np.save(pickled, np.array([{}], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as file:
        file.writestr("model.npy", pickled.getvalue())
    with pytest.raises(ValueError, match="is no model that `save` wrote"):
        iso.load(tmp_path / "m.npz")


def test_arrays_of_64_bits_want_jax_to_have_them(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    with jax.enable_x64(True):
        iso.save(Ising.checked([0.1, 0.2], 0.5, dtype=jnp.float64), path)
        assert iso.load(path).biases.dtype == np.float64
    with pytest.raises(ValueError, match=r"holds float64: first, jax\.config\.update"):
        iso.load(path)
