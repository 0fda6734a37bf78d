"""The state of an active-inference agent: what it believes, has counted, and remembers."""

from typing import NamedTuple

from jaxtyping import Array, Float, Int32

from isotherm.act.inference.history import History
from isotherm.act.inference.worth import Moving, Observing
from isotherm.energy.hidden.checks import Tensors


class LearnedCounts(NamedTuple):
    """Dirichlet counts of what is learned; None for the rest.

    Attributes:
        A: of each modality.
        B: of each factor.
        D: of each factor.
    """

    A: Tensors | None
    B: Tensors | None
    D: Tensors | None


class PolicyPlan(NamedTuple):
    """What was planned at a step.

    Attributes:
        neg_efe: of each policy, minus its expected free energy in nats, ``(P,)``.
        log_q: of each policy, its log posterior, ``(P,)``.
    """

    neg_efe: Float[Array, " policies"]
    log_q: Float[Array, " policies"]


class Mind(NamedTuple):
    """The state of an active-inference agent.

    Attributes:
        beliefs: of each factor, ``(S_f,)``: given all observations so far, the last one included.
        controls: flat control of each factor at the last step, int32 ``(F,)``; ``-1`` before the first.
        plan: at the last step.
        counts: what was learned.
        settled: counts without the steps of the window, which online learning counts anew at each step; else None.
        start: of each factor, ``(S_f,)``: what is believed before the first step of the window of message passing.
        first: of each factor, ``(S_f,)``: beliefs about the episode's first state, as far as they are known.
        observing: what planning needs of A, where that is learned; else None.
        moving: of B, likewise.
        history: what is remembered of this episode; None where nothing needs it.
        over_window: of each factor, ``(T, S_f)``: beliefs of message passing over the window; else None.
    """

    beliefs: Tensors
    controls: Int32[Array, " factors"]
    plan: PolicyPlan
    counts: LearnedCounts
    settled: LearnedCounts | None
    start: Tensors
    first: Tensors
    observing: Observing | None
    moving: Moving | None
    history: History | None
    over_window: Tensors | None


class Rates(NamedTuple):
    """How counts change; a number each, or one an agent.

    Attributes:
        A: learning rate of the counts of A, at least 0.
        B: of B.
        D: of D.
        forgetting: what remains of learned counts at each update, above 0, at most 1.
    """

    A: Float[Array, "*batch"]
    B: Float[Array, "*batch"]
    D: Float[Array, "*batch"]
    forgetting: Float[Array, "*batch"]
