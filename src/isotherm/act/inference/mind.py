"""The state of an active-inference agent: what it believes, has counted, and remembers."""

from typing import NamedTuple

from jaxtyping import Array, Float, Int32

from isotherm.act.inference.free_energy import Worth
from isotherm.act.inference.history import History
from isotherm.energy.hidden.checks import Tensors


class Counts(NamedTuple):
    """Dirichlet counts of what is learned; None for the rest.

    Attributes:
        A: of each modality.
        B: of each factor.
        D: of each factor.
    """

    A: Tensors | None
    B: Tensors | None
    D: Tensors | None


class Mind(NamedTuple):
    """The state of an active-inference agent.

    Attributes:
        beliefs: of each factor, ``(S_f,)``: given all observations so far, the last one included.
        controls: flat control of each factor at the last step, int32 ``(F,)``; ``-1`` before the first.
        counts: what was learned.
        settled: counts without the steps of the window, which online learning counts anew at each step; else None.
        start: of each factor, ``(S_f,)``: what is believed before the first step of the window of message passing.
        first: of each factor, ``(S_f,)``: beliefs about the episode's first state, as far as they are known.
        worth: parameters that are learned, and what planning needs of them; None for the rest.
        history: what is remembered of this episode; None where nothing needs it.
        over_window: of each factor, ``(T, S_f)``: beliefs of message passing over the window; else None.
    """

    beliefs: Tensors
    controls: Int32[Array, " factors"]
    counts: Counts
    settled: Counts | None
    start: Tensors
    first: Tensors
    worth: Worth
    history: History | None
    over_window: Tensors | None


class Rates(NamedTuple):
    """How counts change.

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
