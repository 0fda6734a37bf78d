"""Named keys: different names differ, and stay what they are."""

import jax
import numpy as np

from isotherm.random import named, run_keys


def data(key: jax.Array) -> list[int]:
    return np.asarray(jax.random.key_data(key)).ravel().tolist()


def test_names_give_different_streams() -> None:
    root = jax.random.key(0)
    names = ["world", "agent", "reset", "init", "spins", "context", "tie", "start", "sweeps", ""]
    keys = {tuple(data(named(root, name))) for name in names} | {tuple(data(root))}
    assert len(keys) == len(names) + 1


def test_names_are_stable() -> None:
    """Golden: a change here changes every result of every study."""
    assert data(named(jax.random.key(0), "world")) == [674230689, 1430911456]
    assert data(named(jax.random.key(7), "agent")) == [2708431576, 3400248371]


def test_streams_are_uncorrelated() -> None:
    root = jax.random.key(3)
    a, b = (np.asarray(jax.random.normal(named(root, name), (50_000,))) for name in ("world", "agent"))
    assert abs(np.mean(a * b)) * np.sqrt(a.size) < 3.9  # two-sided 1e-4


def test_a_run_has_one_key_whatever_the_chunking() -> None:
    whole = data(run_keys(5, 0, 10))
    assert whole == data(run_keys(5, 0, 4)) + data(run_keys(5, 4, 6))
    assert data(run_keys(6, 0, 10)) != whole
