"""Models from descriptions: shapes, dependency lists, and that they unpack into the constructor."""

import numpy as np
import pytest

from isotherm.energy.hidden.description import compile_model, unfilled
from isotherm.energy.hidden.model import generative_model

DESCRIPTION = {
    "observations": {
        "sound": {"elements": ["loud", "low", "none"], "depends_on": ["room"]},
        "light": {"size": 2, "depends_on": ["door", "room"]},
    },
    "controls": {"walk": {"elements": ["stay", "go"]}, "push": {"size": 3}},
    "states": {
        "weather": {"size": 5, "depends_on": ["room"]},
        "door": {
            "elements": ["open", "shut"],
            "depends_on": ["room", "door"],
            "controlled_by": ["push", "walk"],
        },
        "room": {"elements": ["hall", "bath", "loft", "attic"], "depends_on": ["room"]},
    },
}


def test_tensors_follow_the_lists_and_only_factors_are_numbered() -> None:
    model = compile_model(DESCRIPTION)
    assert model.states == ("door", "room")  # the weather does not depend on itself
    assert [A.shape for A in model.A] == [(3, 4), (2, 2, 4)]
    assert [B.shape for B in model.B] == [(2, 4, 2, 3, 2), (4, 4)]
    assert [C.shape for C in model.C] == [(3,), (2,)]
    assert model.A_dependencies == ((1,), (0, 1))
    assert model.B_dependencies == ((1, 0), (1,))
    assert model.B_action_dependencies == ((1, 0), ())
    assert model.num_controls == (2, 3)
    for tensors, value in ((model.A, 0), (model.B, 0), (model.C, 0), (model.goal, 1)):
        assert all((tensor.values == value).all() for tensor in tensors)
    np.testing.assert_array_equal(model.D["room"].values, 0.25)
    assert model.D.names == ("door", "room")
    assert model.A["light"] is model.A[1]


def filled(batch_size: int | None = None):
    model = compile_model(DESCRIPTION, batch_size)
    for tensor in (*model.A, *model.B):
        tensor.values[...] = 1
        tensor.normalise()
    return model


def test_what_is_not_filled_in_is_told_by_label() -> None:
    model = filled()
    assert unfilled(model) == []
    model.A["sound"]["loud", "bath"] = 0
    model.B["door"][{"door": "open"}, {"room": "loft", "door": "shut", "push": 2, "walk": "go"}] = 0.25
    assert unfilled(model) == [
        "A: sound given room = 'bath': sums to 0.666667",
        "B: door given room = 'loft', door = 'shut', push = 2, walk = 'go': sums to 0.75",
    ]


def test_a_filled_model_unpacks_into_the_constructor() -> None:
    compiled = filled()
    compiled.C["sound"]["loud"] = -2.0
    model = generative_model(**compiled)
    assert (model.num_obs, model.num_states, model.num_controls) == ((3, 2), (2, 4), (2, 3))
    assert model.num_flat_controls == (6, 1)
    np.testing.assert_array_equal(model.C[0], [-2, 0, 0])
    batch = filled(batch_size=3)
    batch.A["sound"][{}, {"agent": 1, "room": "hall"}] = [1, 0, 0]
    model = generative_model(**batch)
    assert model.batch_size == 3
    np.testing.assert_allclose(model.A[0][:, :, 0], [[1 / 3] * 3, [1, 0, 0], [1 / 3] * 3], rtol=1e-6)


def changed(part: str, name: str, **entry: object) -> dict:
    return DESCRIPTION | {part: DESCRIPTION[part] | {name: {**DESCRIPTION[part].get(name, {}), **entry}}}


@pytest.mark.parametrize(
    ("description", "words"),
    [
        (
            DESCRIPTION | {"actions": {}},
            "description = 'actions': unknown; it has observations, controls, states",
        ),
        (DESCRIPTION | {"observations": {}}, "needs an observation"),
        (
            changed("observations", "sound", depends_on=["weather"]),
            r"\['depends_on'\] = 'weather': is no factor",
        ),
        (
            changed("states", "door", depends_on=["door", "weather"]),
            r"states\['door'\]\['depends_on'\] = 'weather'",
        ),
        (
            changed("observations", "sound", depends_on=["cellar"]),
            "unknown; the states are weather, door, room",
        ),
        (changed("states", "room", controlled_by=["fly"]), "'fly': unknown; the controls are walk, push"),
        (changed("states", "room", depends_on=["room", "room"]), "'room': a name comes twice"),
        (changed("observations", "sound", size=3), "must have either elements or a size"),
        (changed("observations", "smell", size=3), "must have depends_on, a list of states"),
        (changed("observations", "door", size=3, depends_on=["room"]), "each name may stand once"),
        (changed("states", "agent", size=3, depends_on=["agent"]), "description = 'agent'"),
        (
            changed("controls", "push", depends_on=["room"]),
            "'depends_on': unknown; it may have elements, size",
        ),
        (changed("controls", "push", size=0), r"controls\['push'\]\['size'\] = 0"),
    ],
)
def test_bad_descriptions_are_refused(description: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        compile_model(description)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="name = 'smell': unknown; there is sound, light"):
        compile_model(DESCRIPTION).A["smell"]
