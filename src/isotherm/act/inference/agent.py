"""The active-inference agent: infers hidden states, scores policies by expected free energy, learns its model."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, Key

from isotherm import doors
from isotherm.act.agent import Transition
from isotherm.act.chooser import AbstractChooser
from isotherm.act.inference import history as histories
from isotherm.act.inference.choice import log_actions, log_policies, log_prior
from isotherm.act.inference.counting import counted_offline, counted_online
from isotherm.act.inference.free_energy import PolicyScores, policy_scores, predicted_states
from isotherm.act.inference.history import Experience, History
from isotherm.act.inference.inputs import checked_action, checked_observation
from isotherm.act.inference.learning import smoothed
from isotherm.act.inference.mind import LearnedCounts, Mind, PolicyPlan, Rates
from isotherm.act.inference.policies import PolicyTree, policies_of
from isotherm.act.inference.search.planner import AbstractPlanner, check_planner
from isotherm.act.inference.search.problem import PlanningProblem, planning_problem
from isotherm.act.inference.settings import Settings, check_fits
from isotherm.act.inference.states.fixed_point import posterior
from isotherm.act.inference.states.likelihood import log_likelihood_of, log_likelihoods, log_of
from isotherm.act.inference.states.messages import links_of, messages, transitions
from isotherm.act.inference.worth import (
    Moving,
    Observing,
    Worth,
    event_first,
    means,
    moving,
    observing,
    worth_of,
)
from isotherm.energy.hidden.checks import Tensors
from isotherm.energy.hidden.controls import choice_of, flat_controls
from isotherm.energy.hidden.model import GenerativeModel
from isotherm.errors import refusal
from isotherm.learn.counts.dirichlet import dirichlet_mean, first_state_counts


class ActiveInference(AbstractChooser):
    """An agent with a generative model of its world.

    At each step it infers hidden states from the observation, scores every policy by its expected free energy, and
    chooses by the law ``E exp(-gamma EFE)``, sharpened by ``alpha``.

    Args:
        model: what the agent believes; see :func:`isotherm.energy.hidden.model.generative_model`. One whose leaves
            lead with a batch makes a batch of agents, for ``jax.vmap``.
        policy_len: steps that are planned, at least 1.
        policies: choices of every control, ``(P, H, num controls)``; all sequences by default.
        gamma: inverse temperature of policies, at least 0.
        alpha: precision of choice, at least 0; with ``E`` uniform only ``alpha gamma`` matters to stochastic choice.
        inductive_threshold: probability above which a move counts as possible, within 0 .. 1.
        inductive_epsilon: what a state off the way counts for, above 0, at most 1.
        rate_A: learning rate of A, at least 0; likewise ``rate_B``, ``rate_D``.
        rate_B: of B.
        rate_D: of D.
        forgetting: above 0, at most 1; counts decay towards the prior at each update.
        planner: plans instead of policies, whose length is then 1, as :class:`Sophisticated`; its horizon counts.
        preprocess: from what the world shows to a symbol (or weights) of each modality; by default the world shows
            those.
        **settings: of :class:`isotherm.act.inference.settings.Settings`.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a setting that is out of range, or that the model cannot do.

    References:
        Da Costa et al., Active inference on discrete state-spaces, J. Math. Psychol. 99 (2020) 102447.

    >>> from isotherm.energy import generative_model
    >>> lamp = generative_model([[[1, 0], [0, 1]]], [[[[1, 0], [1, 0]], [[0, 1], [0, 1]]]], C=[[0.0, 1.0]])
    >>> agent = ActiveInference(lamp)  # it likes the light, which its second choice turns on
    >>> action, mind = agent.act(jax.random.key(0), agent.init(jax.random.key(0)), (jnp.int32(0),))
    >>> int(action), mind.beliefs[0].tolist()
    (1, [1.0, 0.0])
    """

    model: GenerativeModel
    gamma: Float[Array, "*batch"]
    alpha: Float[Array, "*batch"]
    inductive_threshold: Float[Array, "*batch"]
    inductive_epsilon: Float[Array, "*batch"]
    rates: Rates
    worth: Worth
    policies: PolicyTree = eqx.field(static=True)
    settings: Settings = eqx.field(static=True)
    planner: AbstractPlanner | None = eqx.field(static=True)
    preprocess: Callable[[Any], Any] | None = eqx.field(static=True)

    def __init__(
        self,
        model: GenerativeModel,
        *,
        policy_len: int = 1,
        policies: Any = None,
        gamma: Any = 1.0,
        alpha: Any = 1.0,
        inductive_threshold: Any = 0.1,
        inductive_epsilon: Any = 1e-3,
        rate_A: Any = 1.0,
        rate_B: Any = 1.0,
        rate_D: Any = 1.0,
        forgetting: Any = 1.0,
        planner: Any = None,
        preprocess: Callable[[Any], Any] | None = None,
        **settings: Any,
    ) -> None:
        made = "what generative_model(A, B) makes"
        self.model = doors.instance("model", model, GenerativeModel, made)
        self.settings = Settings(**settings)
        number = lambda name, value, **bounds: _number(name, value, model, **bounds)  # noqa: E731
        self.gamma, self.alpha = number("gamma", gamma, least=0), number("alpha", alpha, least=0)
        self.inductive_threshold = number("inductive_threshold", inductive_threshold, least=0, below=1)
        self.inductive_epsilon = number("inductive_epsilon", inductive_epsilon, above=0, most=1)
        self.rates = Rates(
            number("rate_A", rate_A, least=0),
            number("rate_B", rate_B, least=0),
            number("rate_D", rate_D, least=0),
            number("forgetting", forgetting, above=0, most=1),
        )
        check_fits(self.settings, model)
        self.policies = policies_of(model, policy_len, policies)
        self.planner = check_planner(planner, self.policies)
        if preprocess is not None:
            doors.function("preprocess", preprocess, "a function of an observation", num_arguments=1)
        self.preprocess = preprocess
        build = lambda *parts: worth_of(parts[0], self.settings, *parts[1:])  # noqa: E731
        build = build if model.batch_size is None else jax.vmap(build)
        self.worth = build(model, self.inductive_threshold, self.inductive_epsilon)

    # --------------------------------------------------------------------------
    # The contract of agents

    def init(self, key: Key[Array, ""]) -> Mind:
        """Beliefs of the first state, ``(S_f,)`` of each factor, counts of the prior, nothing remembered."""
        del key
        model, settings = self.model, self.settings
        counts = LearnedCounts(
            model.pA if settings.learn_A else None,
            model.pB if settings.learn_B else None,
            model.pD if settings.learn_D else None,
        )
        worth = self.worth
        return self._begun(
            counts,
            worth.observing if settings.learn_A else None,
            worth.moving if settings.learn_B else None,
        )

    def law(self, state: Mind, observation: Any) -> tuple[Float[Array, " choices"], Mind]:
        """Log probabilities of all joint choices of controls, in lexicographic order, and the state that knows more.

        Args:
            state: of one agent.
            observation: of each modality a symbol, or weights ``(O_m,)`` with ``categorical_obs``; ``-1`` or zeros:
                not seen.
        """
        state = self.observed(state, observation)
        plan = self.plan(state)
        settings = self.settings
        how = settings.action_selection, settings.sampling_mode, settings.clip
        return log_actions(plan.log_q, self.policies, self.alpha, *how), state._replace(plan=plan)

    def learn(self, key: Key[Array, ""], state: Mind, transition: Transition) -> Mind:
        """Note the action; with online learning, count the step and the transition to it.

        Args:
            key: not used.
            state: as :meth:`law` returned it.
            transition: only its action is used: a scalar, the number of a joint choice, or the choice of each one.
        """
        del key
        controls = self.controls_of(transition.action)
        if self.settings.learns_online:
            state = self._counted(state)
        if state.history is not None:
            state = state._replace(history=histories.acted(state.history, controls))
        if state.over_window is not None:
            state = state._replace(start=self._next_start(state))
        return state._replace(controls=controls)

    def end(self, key: Key[Array, ""], state: Mind) -> Mind:
        """After an episode: offline learning, D, and back to the first step; leaves keep their own shapes."""
        del key
        counts, settings = state.counts, self.settings
        first = state.first
        if state.history is not None and settings.smooths and settings.episode_length is not None:
            first = self._smoothed_first(state)
        if settings.learns_offline:
            seen = self._window(state, settings.remembered)
            B = self.current(state).moving.B
            counts = counted_offline(self.model, settings, self.rates, B, seen, counts)
        if counts.D is not None:
            rate = self.rates.D
            D = tuple(first_state_counts(c, q, rate) for c, q in zip(counts.D, first, strict=True))
            counts = counts._replace(D=D)
        return self._begun(counts, *self._learned(counts))

    # --------------------------------------------------------------------------
    # Perception and planning

    def observed(self, state: Mind, observation: Any) -> Mind:
        """The state after an observation: beliefs of now, and of the window where messages are passed.

        Args:
            state: of one agent.
            observation: as for :meth:`law`.
        """
        seen, settings, worth = self._seen(observation), self.settings, self.current(state)
        if settings.passes_messages:
            return self._observed_in_window(state, seen)
        likelihood = log_likelihood_of(worth.observing.A, seen, settings.clip)
        log_priors = tuple(log_of(p, settings.clip) for p in self.empirical_prior(state))
        beliefs = posterior(likelihood, log_priors, worth.A_dependencies, settings.num_iter)
        is_first = (state.controls < 0).any()
        first = tuple(jnp.where(is_first, q, old) for q, old in zip(beliefs, state.first, strict=True))
        memory = None if state.history is None else histories.observed(state.history, seen, beliefs)
        return state._replace(beliefs=beliefs, first=first, history=memory)

    def empirical_prior(self, state: Mind) -> Tensors:
        """Of each factor, what is believed before the next observation, ``(S_f,)``: D at first, else predicted.

        With message passing, what is believed before the window.
        """
        if state.over_window is not None:
            return state.start
        acted = (state.controls >= 0).all()
        ahead = self._predicted(state, state.beliefs, state.controls)
        first = self._first_states(state.counts)
        return tuple(jnp.where(acted, new, old) for new, old in zip(ahead, first, strict=True))

    def scores(self, state: Mind) -> PolicyScores:
        """Expected free energies of all policies, from the beliefs of now."""
        return policy_scores(self.current(state), self.policies, state.beliefs)

    def plan(self, state: Mind) -> PolicyPlan:
        """Values and law of policies from the beliefs of now, by enumeration or by the planner that was given."""
        if self.planner is None:
            neg_efe = self.scores(state).neg_efe
            return PolicyPlan(neg_efe, self.log_policies(neg_efe))
        found = self.planner.plan(self.problem(state), state.beliefs)
        return PolicyPlan(found.neg_efe, found.log_q)

    def problem(self, state: Mind) -> PlanningProblem:
        """What planners plan with, where policies are single choices, as with ``policy_len=1``."""
        return planning_problem(self.current(state), self.policies, self.model.E, self.gamma, self.settings)

    def log_policies(self, neg_efe: Float[Array, " policies"]) -> Float[Array, " policies"]:
        """Log posterior of policies, ``(P,)``, from minus their expected free energies."""
        return log_policies(neg_efe, log_prior(self.model.E, len(neg_efe), neg_efe.dtype), self.gamma)

    def current(self, state: Mind) -> Worth:
        """The parameters in use, and what planning needs of them."""
        observing = self.worth.observing if state.observing is None else state.observing
        moving = self.worth.moving if state.moving is None else state.moving
        return replace(self.worth, observing=observing, moving=moving)

    def with_alpha(self, alpha: Any) -> "ActiveInference":
        """This agent at another precision of choice, a scalar, maybe traced: ``jax.vmap`` gives each run its own.

        Raises:
            TypeError: if ``alpha`` is no number.
            ValueError: if it is below 0.
        """
        alpha = jnp.asarray(doors.numbers("alpha", alpha, least=0), self.alpha.dtype)
        return eqx.tree_at(lambda agent: agent.alpha, self, alpha)

    def controls_of(self, action: Any) -> Int32[Array, " factors"]:
        """Flat control of each factor, ``(F,)``, of a joint choice: its number, or the choice of each control."""
        action = checked_action(action, self.model.num_controls)
        if action.ndim == 0:
            known = choice_of(jnp.maximum(action, 0), self.model.num_controls)
            action = jnp.where(action < 0, -1, known)
        return flat_controls(action, self.model.B_action_dependencies, self.model.num_controls)

    def _seen(self, observation: Any) -> tuple[Array, ...]:
        """A symbol, or weights, of each modality."""
        found = observation if self.preprocess is None else self.preprocess(observation)
        return checked_observation(found, self.model.num_obs, self.settings.categorical_obs)

    def _predicted(self, state: Mind, beliefs: Tensors, controls: Int32[Array, " factors"]) -> Tensors:
        worth = self.current(state)
        ahead = predicted_states(
            beliefs, worth.moving.B, worth.B_dependencies
        )  # all, as a gather of B costs more
        return tuple(law[jnp.maximum(controls[f], 0)] for f, law in enumerate(ahead))

    # --------------------------------------------------------------------------
    # Message passing over a window

    def _observed_in_window(self, state: Mind, seen: tuple[Array, ...]) -> Mind:
        settings, worth = self.settings, self.current(state)
        memory = histories.observed(_memory(state), seen, state.beliefs)
        found = histories.window(memory, settings.window, self.model.num_obs)
        log_A = tuple(log_of(a, settings.clip) for a in event_first(worth.observing.A))
        beliefs = messages(
            "vmp" if settings.inference_algo == "vmp" else "mmp",
            log_likelihoods(log_A, found.observation),
            transitions(event_first(worth.moving.B), found.links),
            state.start,
            links_of(found.links, found.num_valid),
            worth.A_dependencies,
            worth.B_dependencies,
            settings.num_iter,
            settings.clip,
        )
        now = tuple(q[-1] for q in beliefs)
        place = jnp.maximum(settings.window - memory.num_seen, 0)
        in_view = memory.num_seen <= settings.window
        first = tuple(jnp.where(in_view, q[place], old) for q, old in zip(beliefs, state.first, strict=True))
        memory = histories.believed(memory, now)
        return state._replace(beliefs=now, first=first, history=memory, over_window=beliefs)

    def _next_start(self, state: Mind) -> Tensors:
        """Beliefs before the window of the next step: as they are, until its first step leaves."""
        found = self._window(state, self.settings.window)
        ahead = self._predicted(state, tuple(q[0] for q in found.beliefs), found.actions[0])
        is_full = found.num_valid >= self.settings.window
        return tuple(jnp.where(is_full, new, old) for new, old in zip(ahead, state.start, strict=True))

    # --------------------------------------------------------------------------
    # Learning

    def _window(self, state: Mind, num_steps: int) -> Experience:
        """The last steps; beliefs of message passing are those over the window, where that is asked for."""
        found = histories.window(_memory(state), num_steps, self.model.num_obs)
        if state.over_window is not None and num_steps == self.settings.window:
            return found._replace(beliefs=state.over_window)
        return found

    def _smoothed_first(self, state: Mind) -> Tensors:
        """Beliefs about the first state given all that followed, while it is remembered."""
        size = self.settings.remembered
        seen = self._window(state, size)
        pairs = smoothed(self.settings, seen, self.current(state).moving.B) or ()
        count = _memory(state).num_seen
        place = jnp.maximum(size - count, 0)
        return tuple(
            jnp.where(count <= size, one.beliefs[place], old)
            for one, old in zip(pairs, state.first, strict=True)
        )

    def _counted(self, state: Mind) -> Mind:
        """Online: with the counts of the window added to those of what has left it."""
        assert state.settled is not None
        seen = self._window(state, self.settings.window)
        B = self.current(state).moving.B
        counts, settled = counted_online(self.model, self.settings, self.rates, B, seen, state.settled)
        counts = counts._replace(D=state.counts.D)
        observing, moving = self._learned(counts)
        return state._replace(counts=counts, settled=settled, observing=observing, moving=moving)

    # --------------------------------------------------------------------------
    # Between episodes

    def _begun(self, counts: LearnedCounts, observing: Observing | None, moving: Moving | None) -> Mind:
        settings, model = self.settings, self.model
        D, size = self._first_states(counts), settings.remembered
        window = tuple(jnp.broadcast_to(d, (settings.window, *d.shape)) for d in D)
        return Mind(
            beliefs=D,
            controls=jnp.full(len(D), -1, jnp.int32),
            plan=PolicyPlan(*[jnp.zeros(self.policies.num_policies, D[0].dtype)] * 2),
            counts=counts,
            settled=counts._replace(D=None) if settings.learns_online else None,
            start=D,
            first=D,
            observing=observing,
            moving=moving,
            history=histories.empty(size, model.num_obs, D, settings.categorical_obs) if size else None,
            over_window=window if settings.passes_messages else None,
        )

    def _first_states(self, counts: LearnedCounts) -> Tensors:
        return self.model.D if counts.D is None else tuple(map(dirichlet_mean, counts.D))

    def _learned(self, counts: LearnedCounts) -> tuple[Observing | None, Moving | None]:
        """What planning needs of what is learned; None for the rest."""
        settings, goal = self.settings, self.model.goal
        A, B = (None if c is None else means(c, settings) for c in counts[:2])
        return (
            None if A is None else observing(A, counts.A, settings),
            None if B is None else moving(B, counts.B, settings, goal, self.inductive_threshold),
        )


def _memory(state: Mind) -> History:
    assert state.history is not None
    return state.history


def _number(name: str, value: Any, model: GenerativeModel, **bounds: Any) -> Float[Array, "*batch"]:
    """A setting of each agent, in the model's dtype."""
    shape = () if model.batch_size is None else (model.batch_size,)
    value = doors.real_numbers(name, value) if isinstance(value, list | tuple) else value
    found = jnp.asarray(doors.numbers(name, value, **bounds), model.D[0].dtype)
    if found.shape not in ((), (1,), shape):
        raise refusal(f"{name}.shape", found.shape, f"must be () or {shape}, one for each agent")
    return jnp.broadcast_to(found, shape) if shape else found.reshape(())
