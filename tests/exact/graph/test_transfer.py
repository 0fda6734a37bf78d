"""Transfer matrices against elimination of the whole strip, and against what is known."""

import numpy as np
import pytest

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.models import ising
from isotherm.energy.variables import categorical, spin
from isotherm.exact.exact import exact
from isotherm.exact.graph.transfer import transfer

WIDTH, BETA = 3, 0.7


def mixed() -> tuple[FactorGraph, list[Factor]]:
    """A layer of three spins and a category, with bonds that differ forwards and backwards."""
    rng = np.random.default_rng(5)
    inside = [
        Factor.of("s", np.arange(WIDTH), rng.normal(size=WIDTH)),
        Factor.of(("s", "s", "c"), [[0, 1, 0], [1, 2, 0]], rng.normal(size=(2, 3))),
    ]
    bonds = [
        Factor.of(("s", "s'"), [[0, 0], [1, 1], [2, 0]], rng.normal(size=3)),
        Factor.of(("c", "s'", "c'"), [[0, 1, 0]], rng.normal(size=(1, 3, 3))),
    ]
    return FactorGraph.of({"s": spin(WIDTH), "c": categorical(1, 3)}, inside), bonds


def whole(length: int, periodic: bool) -> FactorGraph:
    """The same strip as one graph."""
    layer, bonds = mixed()
    size = {name: group.size for name, group in layer.groups}
    factors = []
    for t in range(length):
        after = (t + 1) % length
        inner = [*layer.factors, *(bonds if periodic or t + 1 < length else [])]
        for factor in inner:
            names = [name.rstrip("'") for name in factor.scope.groups]
            times = [after if name.endswith("'") else t for name in factor.scope.groups]
            shift = [time * size[name] for time, name in zip(times, names, strict=True)]
            factors.append(
                Factor.of(tuple(names), factor.scope.variables + np.array(shift), factor.parameters)
            )
    return FactorGraph.of({"s": spin(WIDTH * length), "c": categorical(length, 3)}, factors)


@pytest.mark.parametrize(("length", "periodic"), [(1, False), (2, False), (7, False), (3, True), (6, True)])
def test_strips_agree_with_elimination(length, periodic):
    strip, truth = transfer(*mixed(), BETA), exact(whole(length, periodic), BETA)
    assert strip.log_z(length, periodic) == pytest.approx(truth.log_z, rel=1e-12)
    for at in {0, length // 2, length - 1}:
        found = strip.marginals(length, at, periodic)
        np.testing.assert_allclose(
            found["s"], truth.marginals["s"][at * WIDTH : (at + 1) * WIDTH], rtol=1e-10
        )
        np.testing.assert_allclose(found["c"], truth.marginals["c"][at : at + 1], rtol=1e-10)
    assert strip.log_z(length, periodic) != pytest.approx(
        transfer(*mixed(), 1.01 * BETA).log_z(length, periodic)
    )


def test_chain_of_spins_has_its_textbook_answers():
    alone = FactorGraph.of({"s": spin(1)}, [Factor.of("s", [0], [0.0])])
    strip = transfer(alone, [Factor.of(("s", "s'"), [[0, 0]], 1.0)], 0.8)
    length = 10**6
    assert strip.log_z(length) == pytest.approx(
        length * np.log(2) + (length - 1) * np.log(np.cosh(0.8)), rel=1e-12
    )
    assert strip.log_z_per_layer == pytest.approx(np.log(2 * np.cosh(0.8)), rel=1e-12)
    assert strip.correlation_length == pytest.approx(-1 / np.log(np.tanh(0.8)), rel=1e-10)


def test_what_does_not_fit_is_refused():
    wide = ising([[i, i + 1] for i in range(11)], 1.0)
    with pytest.raises(ValueError, match="layer = '4096 states': a layer may have at most 2048"):
        transfer(wide, [Factor.of(("s", "s'"), [[0, 0]], 1.0)])
    strip = transfer(*mixed(), BETA)
    with pytest.raises(ValueError, match="length = 0: should be at least 1"):
        strip.log_z(0)
    with pytest.raises(ValueError, match="at = 4: should be within 0"):
        strip.marginals(4, 4)
