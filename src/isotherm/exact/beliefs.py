"""The best that can be done from a belief: dynamic programming over all beliefs that observations may leave."""

from math import prod
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from isotherm import doors
from isotherm.energy.hidden.joined import joined
from isotherm.energy.hidden.model import GenerativeModel
from isotherm.errors import refusal


class BeliefOptimum(NamedTuple):
    """Of each first choice, what it is worth if all later ones are made as well as can be.

    Attributes:
        values: of each joint choice of controls in lexicographic order, ``(choices,)``, in nats.
        value: of the beliefs: the largest of ``values``, or their mean at ``gamma``.
    """

    values: Float[np.ndarray, " choices"]
    value: float

    def regret(self, choice: Any) -> Any:
        """How much less choices are worth than the best one, in nats, at least 0.

        Args:
            choice: numbers of joint choices, any shape.
        """
        return self.values.max() - self.values[np.asarray(choice)]


def belief_optimum(
    model: GenerativeModel,
    horizon: int,
    beliefs: Any = None,
    *,
    gamma: float | None = None,
    use_utility: bool = True,
    use_states_info_gain: bool = True,
) -> BeliefOptimum:
    """Minus the least expected free energy from a belief, by enumeration of choices and observations.

    A step is worth the expected log-preference of what will be seen, plus what each modality will tell of the hidden
    state; both at the belief before it is seen. Then the observation is seen, of all modalities at once, and the next
    choice may depend on it. Beliefs are exact: of joint states of all factors. In float64.

    Args:
        model: of one agent.
        horizon: steps, at least 1; row ``t`` of preferences counts at step ``t``, the last one longer.
        beliefs: of joint states, the first factor slowest, ``(prod(num_states),)``; the model's ``D`` by default.
        gamma: None: later choices are the best ones. Else they are made with probability ``exp(gamma value) / Z``, as
            sophisticated inference has it; at least 0.
        use_utility: log-preferences count.
        use_states_info_gain: information about hidden states counts.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming one out of range; a batch of models; or a horizon that does not fit into memory.

    References:
        Kaelbling, Littman and Cassandra, Planning and acting in partially observable stochastic domains, Artif.
        Intell. 101 (1998) 99; Friston et al., Sophisticated inference, Neural Comput. 33 (2021) 713.

    >>> from isotherm.energy.hidden.model import generative_model
    >>> lamp = generative_model(
    ...     A=[[[0.9, 0.1], [0.1, 0.9]]], B=[[[[1, 0], [1, 0]], [[0, 1], [0, 1]]]], C=[[0, 1]]
    ... )  # one choice switches it off, the other one on
    >>> belief_optimum(lamp, horizon=2).values.round(3).tolist()
    [1.0, 1.8]
    """
    doors.instance("model", model, GenerativeModel, "what generative_model(A, B) makes")
    if model.batch_size is not None:
        raise refusal("model.batch_size", model.batch_size, "must be None: one model at a time")
    doors.whole("horizon", horizon, 1)
    if gamma is not None:
        doors.number("gamma", gamma, least=0)
    with jax.enable_x64(True):
        one = joined(model)
    problem = _Problem(
        [np.asarray(A, np.float64) for A in one.A],
        np.moveaxis(np.asarray(one.B[0], np.float64), 0, -1),
        [np.asarray(C, np.float64) for C in one.C] if doors.flag("use_utility", use_utility) else None,
        doors.flag("use_states_info_gain", use_states_info_gain),
        horizon,
        gamma,
    )
    start = np.asarray(one.D[0] if beliefs is None else doors.real_numbers("beliefs", beliefs), np.float64)
    if start.shape != one.D[0].shape:
        raise refusal("beliefs.shape", start.shape, f"must be {one.D[0].shape}, of joint states")
    if (start < 0).any() or abs(start.sum() - 1) > 1e-5:
        raise refusal("sum(beliefs)", float(start.sum()), "must be probabilities that sum to 1")
    growth = float(problem.B.shape[1] * prod(one.num_obs)) ** max(1, horizon - 1)
    doors.affordable("horizon", horizon, 24 * start.size * growth, "plan a shorter one")
    values = _values(problem, start[None] / start.sum(), 0)
    return BeliefOptimum(values[0], float(_value(problem, values)[0]))


class _Problem(NamedTuple):
    """A model of one factor: ``A`` of each modality ``(O_m, S)``, ``B`` ``(S, choices, S)``, and what counts."""

    A: list[np.ndarray]
    B: np.ndarray
    C: list[np.ndarray] | None
    informs: bool
    horizon: int
    gamma: float | None


def _values(problem: _Problem, beliefs: np.ndarray, step: int) -> np.ndarray:
    """Of each belief of ``(n, S)`` and each choice, ``(n, choices)``."""
    ahead = np.einsum("ns,sct->nct", beliefs, problem.B)
    values = _scores(problem, ahead, step)
    if step == problem.horizon - 1:
        return values
    together = problem.A[0]
    for A in problem.A[1:]:
        together = (together[:, None] * A[None]).reshape(-1, A.shape[1])
    weight = ahead[:, :, None, :] * together
    probability = weight.sum(-1)
    is_possible = probability > 0
    after = weight[is_possible] / probability[is_possible][:, None]
    ahead_of_each = np.zeros_like(probability)
    ahead_of_each[is_possible] = _value(problem, _values(problem, after, step + 1))
    return values + (probability * ahead_of_each).sum(-1)


def _scores(problem: _Problem, ahead: np.ndarray, step: int) -> np.ndarray:
    total = np.zeros(ahead.shape[:-1])
    for m, A in enumerate(problem.A):
        seen = ahead @ A.T
        if problem.C is not None:
            C = problem.C[m]
            total += seen @ (C if C.ndim == 1 else C[min(step, len(C) - 1)])
        if problem.informs:
            total += _entropy(seen, -1) - ahead @ _entropy(A, 0)
    return total


def _entropy(law: np.ndarray, axis: int) -> np.ndarray:
    return -(law * np.log(np.where(law > 0, law, 1.0))).sum(axis)


def _value(problem: _Problem, values: np.ndarray) -> np.ndarray:
    if problem.gamma is None:
        return values.max(-1)
    weight = np.exp(problem.gamma * (values - values.max(-1, keepdims=True)))
    return (weight * values).sum(-1) / weight.sum(-1)
