"""Boltzmann machines: spins that are seen and spins that are not, as factor graphs.

Every coupling and bias is a parameter of its own, even where one number is given for all, because these models
are trained; they start at zero unless said otherwise.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Array

from isotherm.doors import affordable, sequence, whole
from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.inputs import check_finite, checked_edges, filled
from isotherm.energy.variables import spin
from isotherm.errors import refusal

BYTES_A_PAIR = 100.0
"""Of a factor of every pair, while it is made and checked."""


def boltzmann_machine(
    num_visible: int, num_hidden: int = 0, edges: Any = None, couplings: Any = 0.0, biases: Any = 0.0
) -> FactorGraph:
    """Spins in the groups ``"visible"`` and ``"hidden"`` with couplings between any two of them.

    Args:
        num_visible: at least 1.
        num_hidden: at least 0; the group ``"hidden"`` is left out where 0.
        edges: whole numbers, shape ``(num_edges, 2)``, each pair once; visible spins come first, so that
            ``num_visible`` is the first hidden one. All pairs by default.
        couplings: shape ``(num_edges,)``, or one number for each.
        biases: shape ``(num_visible + num_hidden,)``, or one number for each.

    Returns:
        Factors ``"visible_biases"``, ``"hidden_biases"``, ``"visible_couplings"``, ``"couplings"`` (visible
        to hidden) and ``"hidden_couplings"``, where there are any.

    Raises:
        ValueError: naming the edge, coupling or bias at fault.
    """
    num_visible, num_hidden = whole("num_visible", num_visible, 1), whole("num_hidden", num_hidden, 0)
    n = num_visible + num_hidden
    if edges is None:
        _check_pairs("num_visible, num_hidden", (num_visible, num_hidden), n * (n - 1) // 2)
    pairs = _every_pair(n) if edges is None else np.sort(checked_edges(edges, n), axis=1)
    weights = filled("couplings", couplings, (len(pairs),))
    own = filled("biases", biases, (n,))
    check_finite("couplings", weights)
    check_finite("biases", own)
    layers = {"visible": own[:num_visible]} | ({"hidden": own[num_visible:]} if num_hidden else {})
    is_hidden = pairs >= num_visible
    links = []
    for name, groups, chosen in (
        ("visible_couplings", ("visible", "visible"), ~is_hidden.any(axis=1)),
        ("couplings", ("visible", "hidden"), ~is_hidden[:, 0] & is_hidden[:, 1]),
        ("hidden_couplings", ("hidden", "hidden"), is_hidden.all(axis=1)),
    ):
        if chosen.any():
            within = pairs[chosen] - num_visible * is_hidden[chosen]
            links.append(Factor.of(groups, within, weights[np.flatnonzero(chosen)], name=name))
    return _machine(layers, links)


def restricted_boltzmann(
    num_visible: int,
    num_hidden: int,
    couplings: Any = 0.0,
    visible_biases: Any = 0.0,
    hidden_biases: Any = 0.0,
) -> FactorGraph:
    r"""Restricted Boltzmann machine of spins, :math:`E = -a \cdot v - b \cdot h - v^T W h`.

    Args:
        num_visible: at least 1.
        num_hidden: at least 1.
        couplings: shape ``(num_visible, num_hidden)``, or one number for each; as weights of the factor they
            are flat, visible spin after visible spin.
        visible_biases: shape ``(num_visible,)``, or one number for each.
        hidden_biases: shape ``(num_hidden,)``, or one number for each.

    Returns:
        Groups ``"visible"`` and ``"hidden"``; factors ``"visible_biases"``, ``"hidden_biases"`` and
        ``"couplings"``.

    Raises:
        ValueError: naming the coupling or bias at fault.

    References:
        Smolensky, Information processing in dynamical systems (1986).

    >>> machine = restricted_boltzmann(num_visible=4, num_hidden=2, couplings=0.1)
    >>> [(name, group.size) for name, group in machine.variables.items()]
    [('visible', 4), ('hidden', 2)]
    """
    num_visible, num_hidden = whole("num_visible", num_visible, 1), whole("num_hidden", num_hidden, 1)
    _check_pairs("num_visible, num_hidden", (num_visible, num_hidden), num_visible * num_hidden)
    layers = {
        "visible": filled("visible_biases", visible_biases, (num_visible,)),
        "hidden": filled("hidden_biases", hidden_biases, (num_hidden,)),
    }
    return _machine(layers, [_between("couplings", layers, "visible", "hidden", couplings)])


def semi_restricted_boltzmann(
    num_visible: int,
    num_hidden: int,
    edges: Any = None,
    couplings: Any = 0.0,
    visible_couplings: Any = 0.0,
    visible_biases: Any = 0.0,
    hidden_biases: Any = 0.0,
) -> FactorGraph:
    """A restricted machine whose visible spins are coupled among themselves as well.

    Args:
        num_visible: at least 2.
        num_hidden: at least 1.
        edges: pairs of visible spins, shape ``(num_edges, 2)``, each once; all by default.
        couplings: visible to hidden, as in :func:`restricted_boltzmann`.
        visible_couplings: shape ``(num_edges,)``, or one number for each.
        visible_biases: shape ``(num_visible,)``, or one number for each.
        hidden_biases: shape ``(num_hidden,)``, or one number for each.

    Returns:
        What :func:`restricted_boltzmann` returns, with the factor ``"visible_couplings"``.

    Raises:
        ValueError: naming the edge, coupling or bias at fault.

    References:
        Osindero and Hinton, Modeling image patches with a directed hierarchy of Markov random fields,
        NeurIPS 20 (2008).
    """
    num_visible = whole("num_visible", num_visible, 2)
    if edges is None:
        _check_pairs("num_visible", num_visible, num_visible * (num_visible - 1) // 2)
    pairs = _every_pair(num_visible) if edges is None else checked_edges(edges, num_visible)
    if not len(pairs):
        raise refusal("edges", [], "at least one is needed; without any it is a `restricted_boltzmann`")
    lateral = filled("visible_couplings", visible_couplings, (len(pairs),))
    machine = restricted_boltzmann(num_visible, num_hidden, couplings, visible_biases, hidden_biases)
    link = Factor.of(("visible", "visible"), pairs, lateral, name="visible_couplings")
    return FactorGraph.of(machine.variables, [*machine.factors, link])


def deep_boltzmann(
    layers: Sequence[int], couplings: Sequence[Any] | None = None, biases: Sequence[Any] | None = None
) -> FactorGraph:
    """Layers of spins, each coupled to the next: ``"visible"``, ``"hidden_1"``, ``"hidden_2"``, ...

    Args:
        layers: number of spins in each, the visible one first; at least two layers.
        couplings: one entry for each two neighbouring layers, of shape ``(lower, upper)`` or one number;
            zero by default.
        biases: one entry a layer, of its size or one number; zero by default.

    Returns:
        Factors ``"LAYER_biases"`` and ``"couplings_1"``, ``"couplings_2"``, ... from below.

    Raises:
        ValueError: naming the layer, coupling or bias at fault.

    References:
        Salakhutdinov and Hinton, Deep Boltzmann machines, AISTATS (2009).
    """
    sizes = sequence("layers", layers, "the number of spins of each layer")
    if len(sizes) < 2:
        raise refusal("layers", list(sizes), "at least two layers are needed")
    layers = [whole(f"layers[{k}]", size, 1) for k, size in enumerate(sizes)]
    _check_pairs("layers", layers, sum(a * b for a, b in itertools.pairwise(layers)))
    names = ["visible", *(f"hidden_{k}" for k in range(1, len(layers)))]
    own = _entries("biases", biases, len(layers))
    between = _entries("couplings", couplings, len(layers) - 1)
    filled_biases = {name: filled(f"biases[{k}]", own[k], (layers[k],)) for k, name in enumerate(names)}
    links = [
        _between(f"couplings_{k + 1}", filled_biases, names[k], names[k + 1], between[k], f"couplings[{k}]")
        for k in range(len(layers) - 1)
    ]
    return _machine(filled_biases, links)


def _every_pair(n: int) -> np.ndarray:
    return np.stack(np.triu_indices(n, 1), axis=1)


def _check_pairs(field: str, value: Any, num_pairs: int) -> None:
    affordable(field, value, BYTES_A_PAIR * num_pairs, "have fewer spins, or give `edges` to `ising`")


def _machine(biases: Mapping[str, Array | np.ndarray], links: list[Factor]) -> FactorGraph:
    """Groups of spins with a bias each, and what links them."""
    variables = {name: spin(len(values)) for name, values in biases.items()}
    own = [
        Factor.of(name, np.arange(len(values)), values, name=f"{name}_biases")
        for name, values in biases.items()
    ]
    return FactorGraph.of(variables, [*own, *links])


def _between(
    name: str,
    biases: Mapping[str, Array | np.ndarray],
    lower: str,
    upper: str,
    couplings: Any,
    field: str = "",
) -> Factor:
    """A coupling for each spin of one layer with each of another."""
    shape = len(biases[lower]), len(biases[upper])
    pairs = np.argwhere(np.ones(shape, bool))
    return Factor.of((lower, upper), pairs, filled(field or name, couplings, shape).reshape(-1), name=name)


def _entries(field: str, values: Sequence[Any] | None, count: int) -> Sequence[Any]:
    entries = (
        [0.0] * count if values is None else sequence(field, values, f"a list of {count}, one after another")
    )
    if len(entries) != count:
        raise refusal(f"len({field})", len(entries), f"should be {count}")
    return entries
