"""The contract of planners that take the place of enumerated policies."""

import abc
from typing import Any, NamedTuple

from jaxtyping import Array, Float

from isotherm import doors
from isotherm.act.inference.policies import PolicyTree
from isotherm.act.inference.search.problem import PlanningProblem
from isotherm.energy.hidden.checks import Tensors
from isotherm.errors import refusal


class Planned(NamedTuple):
    """What a planner finds.

    Attributes:
        neg_efe: of each choice, minus the expected free energy of choosing it and going on as planned, ``(P,)``.
        log_q: of each choice, the log of its weight, ``(P,)``; ``-inf`` where it is not considered.
        value: of the beliefs where planning began, in nats.
    """

    neg_efe: Float[Array, " policies"]
    log_q: Float[Array, " policies"]
    value: Float[Array, ""]


class AbstractPlanner(abc.ABC):
    """Plans from beliefs: settings, hashable, that :class:`isotherm.act.inference.agent.ActiveInference` takes.

    Subclasses are frozen dataclasses. What is drawn must follow from settings and beliefs alone, as the law by which
    an agent chooses has no key.
    """

    @abc.abstractmethod
    def plan(self, problem: PlanningProblem, beliefs: Tensors) -> Planned:
        """Values and weights of all choices.

        Args:
            problem: what is planned with.
            beliefs: of each factor now, ``(S_f,)``.
        """

    def check_fits(self, policies: PolicyTree) -> None:
        """Refuse policies that this planner cannot plan with.

        Raises:
            ValueError: unless they are single choices, each at most once.
        """
        if len(policies.levels) != 1:
            mend = (
                "a planner looks ahead by itself: give policy_len=1 to the agent and a horizon to the planner"
            )
            raise refusal("policy_len", len(policies.levels), mend)


def check_planner(planner: Any, policies: PolicyTree) -> Any:
    """A planner that fits the policies, or None.

    Raises:
        TypeError: if it is neither.
        ValueError: as :meth:`AbstractPlanner.check_fits`.
    """
    if planner is not None:
        doors.instance("planner", planner, AbstractPlanner, "a planner, as Sophisticated()")
        planner.check_fits(policies)
    return planner
