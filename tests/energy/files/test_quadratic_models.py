"""dimod's binary and JSON files, written by dimod, against its own enumeration of energies."""

import base64
import json

import dimod
import numpy as np
import pytest
from tests.support.model_files import log_weights

from isotherm.energy.files.exchange import read_dimod
from isotherm.energy.files.read import read_model_file

LABELS = ("a", 3, (1, "x"), "d")


def made(
    seed: int, vartype: str, labels: tuple = LABELS, dtype: type = np.float64
) -> dimod.BinaryQuadraticModel:
    rng = np.random.default_rng(seed)
    linear = {label: rng.normal() for label in labels}
    quadratic = {(u, v): rng.normal() for i, u in enumerate(labels) for v in labels[:i] if rng.random() < 0.7}
    return dimod.BinaryQuadraticModel(linear, quadratic, rng.normal(), vartype, dtype=dtype)


def written(bqm: dimod.BinaryQuadraticModel, version: int = 2) -> bytes:
    with bqm.to_file(version=version) as file:
        return file.read()


def dimod_log_weights(bqm: dimod.BinaryQuadraticModel, labels: tuple) -> np.ndarray:
    """Minus the energies of all states, the last label running fastest."""
    found = dimod.ExactSolver().sample(bqm)
    states = found.record.sample[:, [found.variables.index(label) for label in labels]]
    order = np.lexsort(states.T[::-1])
    return -found.record.energy[order]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_binary_files_have_dimods_energies_and_labels(tmp_path, version, vartype, dtype):
    for seed, labels in enumerate((LABELS, (0, 1, 2, 3), (7,))):
        bqm = made(seed, vartype, labels, dtype)
        (tmp_path / "m.bqm").write_bytes(written(bqm, version))
        found = read_model_file(tmp_path / "m.bqm")
        assert found.labels == tuple(bqm.variables)
        assert found.values[0] == ((-1, 1) if vartype == "SPIN" else (0, 1))
        assert vartype in found.read_as
        np.testing.assert_allclose(
            log_weights(found), dimod_log_weights(bqm, found.labels), rtol=0, atol=1e-6
        )
        assert read_dimod(tmp_path / "m.bqm").labels == found.labels


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_json_with_bytes_is_read_in_base64_and_as_numbers(tmp_path, vartype):
    bqm = made(5, vartype)
    texts = [
        json.dumps(bqm.to_serializable()),
        json.dumps(bqm.to_serializable(use_bytes=True, bytes_type=list)),
        json.dumps(
            bqm.to_serializable(use_bytes=True, bytes_type=lambda data: base64.b64encode(data).decode())
        ),
    ]
    for text in texts:
        (tmp_path / "m.json").write_text(text)
        found = read_model_file(tmp_path / "m.json")
        assert found.format == "bqm-json"
        np.testing.assert_allclose(
            log_weights(found), dimod_log_weights(bqm, found.labels), rtol=0, atol=1e-12
        )


def test_a_penalty_beside_a_small_bias_loses_nothing(tmp_path):
    bqm = dimod.BinaryQuadraticModel({"a": 0.3, "b": 0.0}, {("a", "b"): 1e17}, 0.0, "BINARY")
    (tmp_path / "m.bqm").write_bytes(written(bqm))
    np.testing.assert_array_equal(log_weights(read_model_file(tmp_path / "m.bqm")), [0, 0, -0.3, -1e17])


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new + b" " * (len(old) - len(new)), 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:20], "the file is cut short"),
        (lambda data: data[:10], "the file is cut short"),
        (lambda data: data[:-200], "the file is cut short|section VARS"),
        (lambda data: data[:8] + b"\x03\x00" + data[10:], "version = 3: should be 1 or 2"),
        (lambda data: changed(data, b'"float64"', b'"object"'), "dtype = 'object': should be one of float32"),
        (lambda data: changed(data, b'"SPIN"', b'"REAL"'), "vartype = 'REAL': should be SPIN or BINARY"),
        (lambda data: changed(data, b"[4, ", b"[9, "), "needs .*the file is cut short|should"),
        (lambda data: changed(data, b"[4, ", b"[-1,"), "shape = "),
        (lambda data: changed(data, b'"SPIN"', b"NaN"), "vartype = nan|JSON"),
        (lambda data: data[:64] + b"\xff" * 8 + data[72:], "header|JSON|shape|should be"),
    ],
)
def test_damaged_binary_files_are_refused(tmp_path, change, message):
    data = written(made(0, "SPIN"))
    (tmp_path / "m.bqm").write_bytes(change(data))
    with pytest.raises(ValueError, match=message) as refused:
        read_model_file(tmp_path / "m.bqm")
    assert "\n" not in str(refused.value)


def test_neighbourhoods_must_agree_and_numbers_be_finite(tmp_path):
    bqm = dimod.BinaryQuadraticModel({0: 1.0, 1: 2.0}, {(0, 1): 0.125}, 0.0, "SPIN")
    data = written(bqm)
    half = np.float64(0.125).tobytes()
    assert data.count(half) == 2
    (tmp_path / "m.bqm").write_bytes(data.replace(half, np.float64(0.25).tobytes(), 1))
    with pytest.raises(ValueError, match="should hold each pair from both sides"):
        read_model_file(tmp_path / "m.bqm")
    (tmp_path / "m.bqm").write_bytes(data.replace(half, np.float64(np.nan).tobytes()))
    with pytest.raises(ValueError, match="quadratic biases = nan: should be finite"):
        read_model_file(tmp_path / "m.bqm")
    (tmp_path / "m.bqm").write_bytes(b"DIMODQM\x00" + data[8:])
    with pytest.raises(ValueError, match="another model of dimod"):
        read_model_file(tmp_path / "m.bqm")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"offset": 0.0', '"offset": 0.0, "offset": 1.0', "'offset': comes twice"),
        ('"offset": 0.0', '"offset": true', "offset = True: should be a number"),
        ('"offset": 0.0', f'"offset": 1{"0" * 400}', "offset = .*should be finite"),
        ("[1.0, 2.0]", f"[1.0, 1{'0' * 400}]", r"linear_biases\[1\] = .*should be a finite number"),
        ("[0, 1]", '[{"a": 1}, 1]', "variable_labels = 'an object'"),
    ],
)
def test_json_that_changes_its_meaning_is_refused(tmp_path, old, new, message):
    bqm = dimod.BinaryQuadraticModel({0: 1.0, 1: 2.0}, {}, 0.0, "SPIN")
    text = json.dumps(bqm.to_serializable())
    assert old in text
    (tmp_path / "m.json").write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        read_model_file(tmp_path / "m.json")
