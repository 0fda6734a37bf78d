import itertools
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from isotherm.plot.axes import spread
from isotherm.plot.style import number, readable
from isotherm.studies.generative import drawings as generative
from isotherm.studies.routing.agents import AGENTS, AgentId
from isotherm.studies.routing.drawings.looks import LOOKS, looks

pytestmark = pytest.mark.usefixtures("nothing_global")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_spread_keeps_labels_apart_in_order_and_in_range(wanted):
    placed = spread(wanted, 0.1, 0.0, 1.0)
    ordered = placed[np.argsort(wanted, kind="stable")]
    assert np.all(np.diff(ordered) >= 0.1 - 1e-9)
    assert placed.min() >= -1e-9
    assert placed.max() <= 1 + 1e-9


def test_spread_leaves_alone_what_is_apart():
    np.testing.assert_allclose(spread([0.9, 0.1, 0.5], 0.1, 0.0, 1.0), [0.9, 0.1, 0.5])
    np.testing.assert_allclose(spread([0.5, 0.5], 0.1, 0.0, 1.0), [0.45, 0.55])


def test_every_agent_has_a_look_of_its_own():
    words, *_ = get_args(AgentId)  # the rest reads agents of one's own
    assert set(get_args(words)) == set(AGENTS) <= set(LOOKS)
    chosen = [LOOKS[name] for name in AGENTS]
    for one, other in itertools.combinations(chosen, 2):
        assert one.colour != other.colour
        assert (one.line, one.marker) != (other.line, other.marker)


def test_a_look_does_not_depend_on_company_and_the_unknown_share_a_ramp():
    assert looks(["joint"])["joint"] == looks(["ucb", "n=10", "joint"])["joint"]
    ramp = looks(["n=10", "n=20", "n=50"])
    assert len({look.colour for look in ramp.values()}) == 3


@pytest.mark.parametrize("name", sorted(LOOKS | generative.LOOKS))
def test_labels_in_an_agents_colour_can_be_read_on_white(name):
    channels = np.asarray(to_rgb(readable((LOOKS | generative.LOOKS)[name].colour)))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) > 4.5


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (10000, "10,000"),
        (-2.5, "−2.5"),
        (0.1 + 0.2, "0.3"),
        (1e6, "1,000,000"),
        (0.003, "0.003"),
    ],
)
def test_numbers_on_axes(value, text):
    assert number(value) == text
