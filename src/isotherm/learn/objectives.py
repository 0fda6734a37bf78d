"""What training follows: an objective gives the gradient of one batch of rows, and remembers what it needs."""

from typing import Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PyTree

from isotherm import doors
from isotherm.energy.graph import FactorGraph, State
from isotherm.errors import refusal
from isotherm.learn.gradient import (
    closed_latents,
    condition_mask,
    exact_kl_gradient,
    kl_gradient,
    negative_phase,
    positive_phase,
)
from isotherm.learn.observations import Observations
from isotherm.learn.phases import Beta, chains_with, overlaid, run_phase, start_chains
from isotherm.learn.pseudolikelihood import pseudo_log_likelihood
from isotherm.sample.initial import Init
from isotherm.sample.schedule import Schedule, checked_schedule

Start = Literal["persistent", "data", "fresh"]
ONE_SWEEP = Schedule(num_warmup=0, num_samples=1, thin=1)


class Sampled(eqx.Module):
    """The likelihood by sampling both phases.

    Latents of which no factor joins two are summed in closed form in both; others are sampled with the data
    held. Missing entries are latents of their row.

    Attributes:
        start: where negative chains begin at each step: ``"persistent"``, where they stopped (PCD);
            ``"data"``, at the completed rows of the batch (contrastive divergence, CD-k with
            ``negative=Schedule(0, 1, k)``); ``"fresh"``, at random.
        num_chains: negative chains; as many as the batch has rows for ``"data"``.
        negative: sweeps of the negative phase at each step.
        positive: sweeps of the positive phase, which begins at random, where it needs chains.
        condition: groups that both phases hold at the data; not with persistent chains.
        init: where random chains begin.

    References:
        Hinton, Training products of experts by minimizing contrastive divergence, Neural Computation 14
        (2002); Tieleman, Training restricted Boltzmann machines using approximations to the likelihood
        gradient, ICML (2008).

    Raises:
        TypeError: if a setting is of another kind.
        ValueError: naming the setting out of range, or a condition beside persistent chains.

    >>> Sampled(start="data", negative=Schedule(num_warmup=0, num_samples=1, thin=5)).negative.thin  # CD-5
    5
    """

    start: Start = eqx.field(static=True, default="persistent")
    num_chains: int = eqx.field(static=True, default=100)
    negative: Schedule = eqx.field(static=True, default=ONE_SWEEP)
    positive: Schedule = eqx.field(static=True, default=Schedule(num_warmup=20, num_samples=1, thin=1))
    condition: tuple[str, ...] = eqx.field(static=True, default=())
    init: Init = eqx.field(static=True, default="hinton")

    def __check_init__(self) -> None:
        doors.choice("start", self.start, get_args(Start))
        doors.choice("init", self.init, get_args(Init))
        doors.whole("num_chains", self.num_chains, 1)
        doors.words("condition", self.condition)
        if self.condition and self.start == "persistent":
            raise refusal("condition", self.condition, "needs start='data' or 'fresh': rows change each step")
        checked_schedule("negative", self.negative)
        checked_schedule("positive", self.positive)

    def begin(self, key: Key[Array, ""], graph: FactorGraph, data: Observations, beta: Beta) -> PyTree:
        """Persistent chains, states of shape ``(num_chains, size)`` a group; or nothing."""
        if self.start == "persistent":
            return start_chains(key, graph, beta, self.num_chains, self.init)
        return ()

    def gradient(
        self, key: Key[Array, ""], graph: FactorGraph, batch: Observations, memory: PyTree, beta: Beta
    ) -> tuple[PyTree, PyTree]:
        """Gradient of KL(data‖model) on a batch, and what to remember.

        Args:
            key: one JAX key.
            graph: the model as it is now.
            batch: rows.
            memory: what :meth:`begin` or the last call gave.
            beta: inverse temperature, a number.

        Returns:
            The gradient, shaped as ``graph.parameters`` (step against it to learn), and the memory.
        """
        keys = jax.random.split(key, 3)
        plus, completed = positive_phase(keys[0], graph, batch, beta, self.positive, init=self.init)
        held = condition_mask(graph, batch, self.condition)
        if self.start == "persistent":
            states = memory
        elif self.start == "data":
            states = _latents_drawn(keys[1], graph, batch, completed, beta)
        else:
            states = overlaid(start_chains(keys[1], graph, beta, self.num_chains, self.init), batch, held)
        latent = closed_latents(graph, batch)
        minus, states = negative_phase(keys[2], graph, beta, states, self.negative, held, latent)
        return kl_gradient(plus, minus, beta), states if self.start == "persistent" else ()

    def score(self, graph: FactorGraph, data: Observations, beta: Beta) -> Float[Array, ""]:
        """Mean pseudo-log-likelihood of a row in nats, a scalar, since the likelihood itself is out of reach."""
        return pseudo_log_likelihood(graph, data, beta).mean()


def _latents_drawn(
    key: Key[Array, ""], graph: FactorGraph, batch: Observations, states: State, beta: Beta
) -> State:
    """States whose latents come from their law given the data, also where the positive phase summed them."""
    if closed_latents(graph, batch) is None or not any(mask.any() for mask in batch.masks("never").values()):
        return states
    held = {name: ~mask for name, mask in batch.masks("never").items()}
    return run_phase(key, chains_with(graph, beta, held), states, ONE_SWEEP, lambda _: ())[1]


class PseudoLikelihood(eqx.Module):
    """The pseudo-likelihood: no chains; see :func:`isotherm.learn.pseudolikelihood.pseudo_log_likelihood`.

    >>> from isotherm.energy import ising
    >>> graph = ising([[0, 1]], couplings=0.0)
    >>> rows = Observations.of(graph, [[1, 1]])
    >>> round(float(PseudoLikelihood().score(graph, rows, 1.0)), 4)  # two fair conditionals
    -1.3863
    """

    def begin(self, key: Key[Array, ""], graph: FactorGraph, data: Observations, beta: Beta) -> PyTree:
        """Nothing."""
        return ()

    def gradient(
        self, key: Key[Array, ""], graph: FactorGraph, batch: Observations, memory: PyTree, beta: Beta
    ) -> tuple[PyTree, PyTree]:
        """Gradient of minus the mean pseudo-log-likelihood of a row, shaped as ``graph.parameters``; no memory."""

        def loss(parameters: PyTree) -> Float[Array, ""]:
            return -self.score(graph.with_parameters(parameters), batch, beta)

        return jax.grad(loss)(graph.parameters), ()

    def score(self, graph: FactorGraph, data: Observations, beta: Beta) -> Float[Array, ""]:
        """Mean pseudo-log-likelihood of a row in nats, a scalar."""
        return pseudo_log_likelihood(graph, data, beta).mean()


class ExactLikelihood(eqx.Module):
    """The likelihood itself, by exact answers; without latents it matches moments.

    For graphs of small tree-width, see :func:`isotherm.exact.exact.exact`. Runs on the host.

    >>> from isotherm.energy import ising
    >>> graph = ising([[0, 1]], couplings=0.0)
    >>> rows = Observations.of(graph, [[1, 1]])
    >>> round(float(ExactLikelihood().score(graph, rows, 1.0)), 4)  # one of four states alike
    -1.3863
    """

    def begin(self, key: Key[Array, ""], graph: FactorGraph, data: Observations, beta: Beta) -> PyTree:
        """Nothing."""
        return ()

    def gradient(
        self, key: Key[Array, ""], graph: FactorGraph, batch: Observations, memory: PyTree, beta: Beta
    ) -> tuple[PyTree, PyTree]:
        """Gradient of KL(data‖model), shaped as ``graph.parameters``; no memory."""
        value = exact_kl_gradient(graph, batch, float(beta)).value
        return jax.tree.map(lambda g, p: jnp.asarray(g, p.dtype), value, graph.parameters), ()

    def score(self, graph: FactorGraph, data: Observations, beta: Beta) -> Float[Array, ""]:
        """Mean log-likelihood of a row in nats, a float32 scalar."""
        from isotherm.learn.likelihood import log_likelihood

        return jnp.asarray(log_likelihood(graph, data, float(beta)).rows.mean(), jnp.float32)


Objective = Sampled | PseudoLikelihood | ExactLikelihood
