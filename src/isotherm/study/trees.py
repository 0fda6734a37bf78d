"""Pytrees of arrays as named arrays, such as a chunk of a run holds, and back: a state to go on from."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from isotherm import doors
from isotherm.errors import refusal, wrong_kind
from isotherm.study.base import Arrays

_KINDS = (np.ndarray, np.generic, bool, int, float)


def named_arrays(tree: Any, prefix: str = "state") -> Arrays:
    """Each leaf of a pytree under the names that lead to it, such as ``state/optimizer/0/mu/x``.

    Args:
        tree: of arrays of any shape, numbers and JAX keys; the state of a descent or of an optimiser, for one.
        prefix: the first part of every name.

    Returns:
        NumPy arrays by name, shaped as the leaves; a key as its words.

    Raises:
        TypeError: naming a leaf that is no array of numbers.
        ValueError: if two leaves would have one name.

    >>> found = named_arrays({"mean": np.zeros(2), "count": 3})
    >>> sorted(found)
    ['state/count', 'state/mean']
    >>> tree_of(found, {"mean": np.ones(2), "count": 0})
    {'count': 3, 'mean': array([0., 0.])}
    """
    found: Arrays = {}
    for name, leaf in _named(tree, prefix):
        if name in found:
            raise refusal("tree", name, "is the name of two leaves")
        found[name] = _as_array(f"tree: {name}", leaf)
    return found


def tree_of(arrays: Mapping[str, np.ndarray], template: Any, prefix: str = "state") -> Any:
    """The pytree whose :func:`named_arrays` these are.

    Args:
        arrays: by name; those of other prefixes are left out.
        template: a pytree of the same structure and dtypes, as at the start; shapes may differ, since histories grow.
        prefix: the first part of the names.

    Returns:
        Leaves of the template's kinds: arrays of JAX or NumPy, keys, numbers; shaped as they were named.

    Raises:
        ValueError: naming what is missing, left over, or of another dtype.
    """
    import jax

    doors.mapping("arrays", arrays, "arrays by name")
    named = dict(_named(template, prefix))
    ours = sorted(name for name in map(str, arrays) if name == prefix or name.startswith(f"{prefix}/"))
    for name in ours:
        if name not in named:
            raise refusal("arrays", name, "has no place in the template")
    leaves = [_restored(name, arrays.get(name), leaf) for name, leaf in named.items()]
    return jax.tree.unflatten(jax.tree.structure(template), leaves)


def prefixed(prefix: str, values: Mapping[str, Any]) -> Arrays:
    """Arrays by names that a prefix and a slash begin.

    >>> prefixed("part", {"test": [1, 2]})
    {'part/test': array([1, 2])}
    """
    return {f"{prefix}/{name}": np.asarray(value) for name, value in values.items()}


def under(arrays: Mapping[str, np.ndarray], prefix: str) -> Arrays:
    """The arrays whose names a prefix and a slash begin, without these.

    >>> under({"part/test": np.ones(1), "other": np.zeros(1)}, "part")
    {'test': array([1.])}
    """
    start = f"{prefix}/"
    return {name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)}


def _named(tree: Any, prefix: str) -> list[tuple[str, Any]]:
    from jax.tree_util import keystr, tree_flatten_with_path

    doors.text("prefix", prefix)
    paths = tree_flatten_with_path(tree)[0]
    return [
        ("/".join([prefix, *(keystr((step,), simple=True) for step in path)]), leaf) for path, leaf in paths
    ]


def _as_array(field: str, leaf: Any) -> np.ndarray:
    import jax

    if _is_key(leaf):
        return np.asarray(jax.random.key_data(leaf))
    found = np.asarray(leaf if isinstance(leaf, (jax.Array, *_KINDS)) else None)
    if found.dtype.kind not in "biufc":
        raise wrong_kind(field, leaf, "an array of numbers, or a tree of such")
    return found


def _restored(name: str, found: np.ndarray | None, leaf: Any) -> Any:
    import jax

    if found is None:
        raise refusal("arrays", name, "is missing; template or prefix are of another tree")
    wanted, found = _as_array(f"template: {name}", leaf), np.asarray(found)
    if found.dtype != wanted.dtype:
        raise refusal(f"arrays: {name}", found.dtype, f"should be of {wanted.dtype}")
    if _is_key(leaf):
        return jax.random.wrap_key_data(jax.numpy.asarray(found), impl=jax.random.key_impl(leaf))
    if isinstance(leaf, jax.Array):
        return jax.numpy.asarray(found)
    return found if isinstance(leaf, np.ndarray) else type(leaf)(found[()])


def _is_key(leaf: Any) -> bool:
    import jax

    return isinstance(leaf, jax.Array) and jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key)
