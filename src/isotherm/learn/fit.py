"""The training loop: batches of rows, an optax optimiser, a held-out score, and a state to go on from."""

from collections.abc import Callable
from typing import Any, NamedTuple, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, Key, PyTree

from isotherm import doors
from isotherm.energy.centre import centred
from isotherm.energy.graph import FactorGraph
from isotherm.energy.kinds import factor_graph
from isotherm.errors import refusal, wrong_kind
from isotherm.learn.descend import DescentState, descend
from isotherm.learn.descent_checks import checked_optimizer
from isotherm.learn.objectives import ExactLikelihood, Objective
from isotherm.learn.observations import Observations, checked_data
from isotherm.learn.phases import Beta, fine
from isotherm.learn.relaxation import as_traced
from isotherm.learn.steps import Slope
from isotherm.random.keys import KeyOrSeed

Score = Callable[[FactorGraph, Observations], float]


class FitState(NamedTuple):
    """All that the next epoch needs: a pytree of arrays, to be kept by ``equinox.tree_serialise_leaves``.

    Attributes:
        parameters: of the graph, as they are now, without constants far from zero.
        averaged: their running mean, shaped alike; the parameters themselves where none was asked for.
        optimizer: the optimiser's state.
        memory: the objective's, such as persistent chains.
        best: what was judged at the best held-out score so far, parameters or their mean.
        best_score: that score; minus infinity before the first.
        waited: scores since then.
        epoch: epochs done.
        gradient_norms: mean over steps of the norm of the gradient, one an epoch, shape ``(epochs,)``.
        scores: held-out score after each epoch, shape ``(epochs,)``; NaN where none was taken.
    """

    parameters: tuple[PyTree, ...]
    averaged: tuple[PyTree, ...]
    optimizer: PyTree
    memory: PyTree
    best: tuple[PyTree, ...]
    best_score: float
    waited: int
    epoch: int
    gradient_norms: np.ndarray
    scores: np.ndarray


class Fit(NamedTuple):
    """A trained model.

    Attributes:
        graph: at the best held-out score where one was taken, else at the end.
        state: to go on from.
    """

    graph: FactorGraph
    state: FitState


Callback = Callable[[FitState], object]


def fit(
    key: KeyOrSeed,
    graph: FactorGraph,
    data: Observations,
    objective: Objective,
    optimizer: optax.GradientTransformation,
    *,
    num_epochs: int,
    batch_size: int | None = None,
    beta: float = 1.0,
    l1: float = 0.0,
    l2: float = 0.0,
    averaging: float = 0.0,
    held_out: Observations | None = None,
    score: Score | None = None,
    score_every: int = 1,
    patience: int | None = None,
    callback: Callback | None = None,
    state: FitState | None = None,
) -> Fit:
    """Train a graph's parameters from where they are.

    Epochs compile once, whatever the values of key, data, parameters, beta, penalties and averaging (once more for
    none), for the same objective and optimiser objects. An epoch is a function of the key, its number and the
    state before it, so that a fit continued from ``state`` with the same other arguments equals an unbroken one
    bit for bit.

    Tables far from zero are trained without the constant in them, which no law depends on (penalties neither), and
    get it back.

    Args:
        key: one JAX key, or a seed.
        graph: structure and first parameters, all finite.
        data: rows to learn from; missing entries are latents of their row.
        objective: what to follow.
        optimizer: such as ``optax.adam(0.01)``.
        num_epochs: passes over the data in all, those of ``state`` included, at least 1.
        batch_size: rows a step, by default all; rows left over are left out of an epoch, others each time.
        beta: inverse temperature at which data are thought drawn.
        l1: strength of ``Σ|W|`` over factors of two or more variables, at least 0, in nats a row.
        l2: strength of ``½ Σ W²`` over the same, at least 0.
        averaging: share, at least 0 and below 1, that a running mean of the parameters keeps at each step, the rest
            comes from the new ones; it begins at the first parameters. Where it is above 0, the mean is what is
            scored and returned, while steps go on from the parameters themselves.
        held_out: rows to score by; none: no score.
        score: ``score(graph, rows)``, higher is better; by default the objective's own.
        score_every: epochs between scores, at least 1.
        patience: stop after this many scores without a better one; ``None``: never.
        callback: called on the host with the :class:`FitState` after each epoch (``epoch`` is its number, from 1),
            scored if it was to be; what it returns is not looked at, and results do not depend on it.
        state: where an earlier fit stopped.

    Raises:
        ValueError: naming the argument at fault, or a factor whose weights are not finite or too large for float32.

    >>> from isotherm.energy import ising
    >>> from isotherm.learn import PseudoLikelihood
    >>> graph = ising([[0, 1]], couplings=0.0, biases=0.0)
    >>> rows = Observations.of(graph, np.array([[1, 1], [-1, -1], [1, 1], [1, -1]]))
    >>> found = fit(jax.random.key(0), graph, rows, PseudoLikelihood(), optax.sgd(0.1), num_epochs=3)
    >>> bool(found.graph.factors[0].weights[0] > 0)  # three of four rows are aligned
    True
    """
    key = doors.random_key("key", key)
    checked_data("data", data, factor_graph("graph", graph))
    size = data.num_rows if batch_size is None else doors.whole("batch_size", batch_size, 1, data.num_rows)
    _check(objective, optimizer, num_epochs, score_every, patience, score, callback)
    for name, strength in (("l1", l1), ("l2", l2)):
        doors.number(name, strength, least=0)
    doors.number("beta", beta)
    doors.number("averaging", averaging, least=0, below=1)
    if held_out is not None:
        checked_data("held_out", held_out, graph)
    elif patience is not None:
        raise refusal("patience", patience, "needs held_out rows to score by")
    if state is not None:
        doors.instance("state", state, FitState, "the .state of an earlier fit")
    for factor in graph.factors:
        for leaf in jax.tree.leaves(factor.parameters):
            if not np.isfinite(np.asarray(leaf)).all():
                raise refusal(f"graph: {factor.name}.weights", -np.inf, "must be finite to be trained")
    given, graph = graph, jax.tree.map(jnp.asarray, fine(graph, beta))
    at = as_traced(graph, beta)
    rows = jax.tree.map(jnp.asarray, data)
    on_host = isinstance(objective, ExactLikelihood)
    length = data.num_rows // size
    found = descend(
        key,
        graph.parameters,
        _Follow(graph, objective, data if on_host else rows, at),
        _Penalised(optimizer, as_traced(graph, l1), as_traced(graph, l2), _of_several(graph)),
        num_steps=num_epochs * length,
        steps_per_call=length,
        inputs=_Batches(data.num_rows, size, on_host),
        memory=() if state else objective.begin(jax.random.fold_in(key, 0), graph, rows, at),
        averaging=averaging,
        score=None if held_out is None else _judge(graph, held_out, objective, score, at),
        score_every=score_every * length,
        patience=patience,
        callback=None if callback is None else lambda state: callback(_seen(state, length)),
        state=_unseen(state, length) if state else None,
        is_compiled=not on_host,
    )
    return Fit(_moved_back(given, graph.with_parameters(found.parameters)), _seen(found.state, length))


def _moved_back(given: FactorGraph, trained: FactorGraph) -> FactorGraph:
    """The trained graph with the constants that were taken out of the given one, in float64 where there are any."""
    near, constant = centred(given)
    if near is given or not constant:
        return trained
    parameters = [
        new if apart is old else np.asarray(new, np.float64) + (np.asarray(old, np.float64) - apart)
        for new, old, apart in zip(trained.parameters, given.parameters, near.parameters, strict=True)
    ]
    return given.with_parameters(tuple(parameters))


class _Follow(eqx.Module):
    """The gradient of a batch of rows."""

    graph: FactorGraph
    objective: Objective
    rows: Observations
    beta: Beta

    def __call__(self, given: PyTree, parameters: PyTree, memory: PyTree) -> Slope:
        key, index = given
        batch = self.rows if index is None else self.rows.rows(index)
        graph = self.graph.with_parameters(parameters)
        return Slope(*self.objective.gradient(key, graph, batch, memory, self.beta))


class _Batches(eqx.Module):
    """The keys and rows of an epoch's steps."""

    num_rows: int
    size: int
    on_host: bool

    def __call__(self, key: Key[Array, ""], step: Int[Array, ""], length: int) -> PyTree:
        key = jax.random.fold_in(key, step // length + 1)
        if self.size == self.num_rows:
            return key[None], None
        if self.on_host:
            return jnp.broadcast_to(key, (length,)), np.asarray(self._order(key, length))
        order_key, key = jax.random.split(key)
        return jax.random.split(key, length), self._order(order_key, length)

    def _order(self, key: Key[Array, ""], length: int) -> Int[Array, "length size"]:
        order = jax.random.permutation(key, self.num_rows)
        return order[: length * self.size].reshape(length, self.size)


class _Penalised(eqx.Module):
    """An optimiser that also shrinks the weights of factors of several variables; norms are told without that."""

    optimizer: optax.GradientTransformation
    l1: Float[Array, ""]
    l2: Float[Array, ""]
    is_of_several: tuple[bool, ...]

    @property
    def init(self) -> Callable[[PyTree], PyTree]:
        return self.optimizer.init

    def update(self, gradient: PyTree, state: PyTree, parameters: PyTree) -> tuple[PyTree, PyTree]:
        gradient = tuple(
            jax.tree.map(lambda g, w: g + self.l1 * jnp.sign(w) + self.l2 * w, part, weights)
            if is_of_several
            else part
            for is_of_several, part, weights in zip(self.is_of_several, gradient, parameters, strict=True)
        )
        return self.optimizer.update(gradient, state, parameters)


def _of_several(graph: FactorGraph) -> tuple[bool, ...]:
    return tuple(factor.scope.arity > 1 for factor in graph.factors)


def _seen(state: DescentState, length: int) -> FitState:
    """As a fit's, whose epochs have so many steps."""
    epoch = int(state.step) // length
    scores = np.full(epoch, np.nan, np.float32)
    scores[state.scored_at // length - 1] = state.scores
    return FitState(
        parameters=state.parameters,
        averaged=state.averaged,
        optimizer=state.optimizer,
        memory=state.memory,
        best=state.best,
        best_score=float(state.best_score),
        waited=int(state.waited),
        epoch=epoch,
        gradient_norms=state.gradient_norms.astype(np.float32),
        scores=scores,
    )


def _unseen(state: FitState, length: int) -> DescentState:
    """The other way round."""
    (scored,) = np.nonzero(~np.isnan(state.scores))
    return DescentState(
        parameters=state.parameters,
        averaged=state.averaged,
        optimizer=state.optimizer,
        memory=state.memory,
        best=state.best,
        best_score=np.asarray(float(state.best_score)),
        waited=np.asarray(int(state.waited)),
        step=np.asarray(int(state.epoch) * length),
        gradient_norms=np.asarray(state.gradient_norms, np.float64),
        values=np.zeros(0),
        scores=np.asarray(state.scores, np.float64)[scored],
        scored_at=(scored + 1) * length,
    )


def _judge(
    graph: FactorGraph, held_out: Observations, objective: Objective, score: Score | None, beta: Beta
) -> Callable[[PyTree], float]:
    """The held-out score of parameters."""

    def judged(parameters: PyTree) -> float:
        model = graph.with_parameters(parameters)
        if score is not None:
            found = score(model, held_out)
            if not doors.is_number(found):
                raise wrong_kind("score(graph, rows)", found, "a number")
            return float(found)
        if isinstance(objective, ExactLikelihood):
            return float(objective.score(model, held_out, beta))
        return float(_own_score(objective, model, jax.tree.map(jnp.asarray, held_out), beta))

    return judged


@eqx.filter_jit
def _own_score(objective: Objective, graph: FactorGraph, data: Observations, beta: Beta) -> Float[Array, ""]:
    return objective.score(graph, data, beta)


def _check(
    objective: Any,
    optimizer: Any,
    num_epochs: Any,
    score_every: Any,
    patience: Any,
    score: Any,
    callback: Any,
) -> None:
    kinds = get_args(Objective)
    doors.instance("objective", objective, kinds, "an objective", "such as PseudoLikelihood() or Sampled()")
    checked_optimizer(optimizer)
    doors.whole("num_epochs", num_epochs, 1)
    doors.whole("score_every", score_every, 1)
    if patience is not None:
        doors.whole("patience", patience, 1)
    if score is not None:
        doors.function("score", score, "a function of a graph and rows", num_arguments=2)
    if callback is not None:
        doors.function("callback", callback, "a function of a FitState", num_arguments=1)
