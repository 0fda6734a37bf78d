"""One call from tensors to an agent, by the names that other packages use too."""

from typing import Any

from isotherm import doors
from isotherm.act.inference.agent import ActiveInference
from isotherm.energy.hidden.model import GenerativeModel, generative_model
from isotherm.errors import refusal

EPISODE = 128
"""Steps that offline learning remembers where nobody says how long an episode is."""


def active_inference(
    A: Any = None,
    B: Any = None,
    C: Any = None,
    D: Any = None,
    E: Any = None,
    *,
    pA: Any = None,
    pB: Any = None,
    pD: Any = None,
    goal: Any = None,
    A_dependencies: Any = None,
    B_dependencies: Any = None,
    B_action_dependencies: Any = None,
    num_controls: Any = None,
    batch_size: int | None = None,
    learn_C: bool = False,
    learn_E: bool = False,
    **settings: Any,
) -> ActiveInference:
    """An agent from its tensors: :func:`generative_model` and :class:`ActiveInference` in one.

    Args:
        A: as :func:`isotherm.energy.hidden.model.generative_model` takes them, this and what follows.
        B: laws of transitions.
        C: log-preferences.
        D: laws of the first state.
        E: weights of policies.
        pA: counts of A.
        pB: counts of B.
        pD: counts of D.
        goal: states to reach.
        A_dependencies: parents of each modality.
        B_dependencies: parents of each factor.
        B_action_dependencies: controls of each factor.
        num_controls: choices of each control.
        batch_size: number of agents, for ``jax.vmap`` over the agent.
        learn_C: refused: preferences are not learned.
        learn_E: refused: habits are not learned.
        **settings: of :class:`ActiveInference`. Offline learning remembers 128 steps of an episode by default.

    Raises:
        TypeError: if an argument is of another kind, or unknown.
        ValueError: naming what is wrong.

    >>> agent = active_inference(A=[[[0.9, 0.1], [0.1, 0.9]]], B=[[[[1, 0], [1, 0]], [[0, 1], [0, 1]]]], C=[[0, 1]])
    >>> agent.policies.num_policies
    2
    """
    if isinstance(A, GenerativeModel):
        raise TypeError(
            "A = a GenerativeModel: give its tensors here, or the model to ActiveInference(model, ...)"
        )
    for name, asked in (("learn_C", learn_C), ("learn_E", learn_E)):
        if doors.flag(name, asked):
            raise refusal(name, asked, "is not implemented: only A, B and D are learned")
    model = generative_model(
        A,
        B,
        C,
        D,
        E,
        pA=pA,
        pB=pB,
        pD=pD,
        goal=goal,
        A_dependencies=A_dependencies,
        B_dependencies=B_dependencies,
        B_action_dependencies=B_action_dependencies,
        num_controls=num_controls,
        batch_size=batch_size,
    )
    if settings.get("learning_mode") == "offline":
        settings = {"episode_length": EPISODE} | settings
    return ActiveInference(model, **settings)
