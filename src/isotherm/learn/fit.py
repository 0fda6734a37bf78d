"""The training loop: batches of rows, an optax optimiser, a held-out score, and a state to go on from."""

from collections.abc import Callable
from typing import Any, NamedTuple, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Key, PyTree

from isotherm import doors
from isotherm.energy.centre import centred
from isotherm.energy.graph import FactorGraph
from isotherm.energy.kinds import factor_graph
from isotherm.errors import refusal, wrong_kind
from isotherm.learn.objectives import ExactLikelihood, Objective
from isotherm.learn.observations import Observations, checked_data
from isotherm.learn.phases import Beta, fine
from isotherm.learn.relaxation import as_traced

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
    key: Key[Array, ""],
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
        key: one JAX key.
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
    doors.random_key("key", key)
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
        _check_state(
            doors.instance("state", state, FitState, "the .state of an earlier fit"), graph, optimizer
        )
    for factor in graph.factors:
        for leaf in jax.tree.leaves(factor.parameters):
            if not np.isfinite(np.asarray(leaf)).all():
                raise refusal(f"graph: {factor.name}.weights", -np.inf, "must be finite to be trained")
    given, graph = graph, jax.tree.map(jnp.asarray, fine(graph, beta))
    at = as_traced(graph, beta)
    rows = jax.tree.map(jnp.asarray, data)
    if state is None:
        state = _begin(key, graph, rows, objective, optimizer, at)
    on_host = isinstance(objective, ExactLikelihood)
    epoch, source = (_host_epoch, data) if on_host else (_epoch, rows)
    shares = (as_traced(graph, averaging), as_traced(graph, 1 - averaging)) if averaging else None
    task = _Task(graph, objective, optimizer, at, as_traced(graph, l1), as_traced(graph, l2), shares)
    for number in range(int(state.epoch), num_epochs):
        if patience is not None and state.waited >= patience:
            break
        epoch_key = jax.random.fold_in(key, number + 1)
        now, norm = epoch(
            epoch_key,
            task,
            source,
            _Now(state.parameters, state.averaged if shares else None, state.optimizer, state.memory),
            size,
        )
        if not np.isfinite(float(norm)):
            raise refusal(
                "optimizer",
                f"epoch {number + 1}",
                "the gradient is no longer finite; step less far, or lower beta",
            )
        state = state._replace(
            parameters=now.parameters,
            averaged=now.averaged if shares else now.parameters,
            optimizer=now.optimizer,
            memory=now.memory,
            epoch=number + 1,
            gradient_norms=np.append(state.gradient_norms, np.float32(norm)),
            scores=np.append(state.scores, np.float32(np.nan)),
        )
        if held_out is not None and ((number + 1) % score_every == 0 or number + 1 == num_epochs):
            state = _scored(state, graph, held_out, objective, score, at)
        if callback is not None:
            callback(state)
    chosen = state.best if np.isfinite(state.best_score) else state.averaged
    return Fit(_moved_back(given, graph.with_parameters(chosen)), state)


def _check_state(state: FitState, graph: FactorGraph, optimizer: optax.GradientTransformation) -> None:
    """Refuse the state of a fit of another graph, or by another optimiser."""
    parameters, moments = jax.eval_shape(lambda: (graph.parameters, optimizer.init(graph.parameters)))
    wanted = {"parameters": parameters, "averaged": parameters, "optimizer": moments}
    for field, right in wanted.items():
        found, allowed = (jax.tree.map(jnp.shape, tree) for tree in (getattr(state, field), right))
        if found != allowed:
            allowed = f"is of another graph or optimizer, whose shapes are {allowed}"
            raise refusal(f"state.{field}", found, allowed)


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


def _begin(
    key: Key[Array, ""],
    graph: FactorGraph,
    data: Observations,
    objective: Objective,
    optimizer: optax.GradientTransformation,
    beta: Beta,
) -> FitState:
    nothing = np.zeros(0, np.float32)
    return FitState(
        parameters=graph.parameters,
        averaged=graph.parameters,
        optimizer=optimizer.init(graph.parameters),
        memory=objective.begin(jax.random.fold_in(key, 0), graph, data, beta),
        best=graph.parameters,
        best_score=-np.inf,
        waited=0,
        epoch=0,
        gradient_norms=nothing,
        scores=nothing,
    )


class _Task(NamedTuple):
    """What stays the same from epoch to epoch.

    Shares are those of the mean so far and of the new parameters: two numbers, since 1 - 0.95 in float32 is not 0.05.
    """

    graph: FactorGraph
    objective: Objective
    optimizer: optax.GradientTransformation
    beta: Beta
    l1: Float[Array, ""]
    l2: Float[Array, ""]
    shares: tuple[Float[Array, ""], Float[Array, ""]] | None


class _Now(NamedTuple):
    """What each batch changes."""

    parameters: PyTree
    averaged: PyTree | None
    optimizer: PyTree
    memory: PyTree


def _step(key: Key[Array, ""], task: _Task, batch: Observations, now: _Now) -> tuple[_Now, Float[Array, ""]]:
    parameters, averaged, opt_state, memory = now
    graph = task.graph.with_parameters(parameters)
    gradient, memory = task.objective.gradient(key, graph, batch, memory, task.beta)
    norm = jnp.sqrt(sum((jnp.sum(leaf**2) for leaf in jax.tree.leaves(gradient)), jnp.zeros(())))
    gradient = tuple(
        jax.tree.map(lambda g, w: g + task.l1 * jnp.sign(w) + task.l2 * w, part, weights)
        if factor.scope.arity > 1
        else part
        for factor, part, weights in zip(graph.factors, gradient, parameters, strict=True)
    )
    with jax.numpy_dtype_promotion("standard"):  # optax multiplies floats by its integer count of steps
        updates, opt_state = task.optimizer.update(gradient, opt_state, parameters)
    parameters = optax.apply_updates(parameters, updates)
    if task.shares is not None:
        kept, taken = task.shares
        averaged = jax.tree.map(lambda a, p: kept * a + taken * p, averaged, parameters)
    return _Now(parameters, averaged, opt_state, memory), norm


@eqx.filter_jit
def _epoch(
    key: Key[Array, ""], task: _Task, data: Observations, now: _Now, size: int
) -> tuple[_Now, Float[Array, ""]]:
    if size == data.num_rows:
        return _step(key, task, data, now)
    order_key, key = jax.random.split(key)
    num_steps = data.num_rows // size
    order = jax.random.permutation(order_key, data.num_rows)[: num_steps * size].reshape(num_steps, size)

    def step(now: _Now, inputs: tuple[Array, Array]) -> tuple[_Now, Array]:
        step_key, index = inputs
        return _step(step_key, task, data.rows(index), now)

    now, norms = jax.lax.scan(step, now, (jax.random.split(key, num_steps), order))
    return now, norms.mean()


def _host_epoch(
    key: Key[Array, ""], task: _Task, data: Observations, now: _Now, size: int
) -> tuple[_Now, Float[Array, ""]]:
    order = np.asarray(jax.random.permutation(key, data.num_rows))
    norms = []
    for first in range(0, data.num_rows - size + 1, size):
        batch = data if size == data.num_rows else data.rows(order[first : first + size])
        now, norm = _step(key, task, batch, now)
        norms.append(norm)
    return now, jnp.stack(norms).mean()


def _scored(
    state: FitState,
    graph: FactorGraph,
    held_out: Observations,
    objective: Objective,
    score: Score | None,
    beta: Beta,
) -> FitState:
    model = graph.with_parameters(state.averaged)
    if score is not None:
        found = score(model, held_out)
        if not doors.is_number(found):
            raise wrong_kind("score(graph, rows)", found, "a number")
        value = float(found)
    elif isinstance(objective, ExactLikelihood):
        value = float(objective.score(model, held_out, beta))
    else:
        value = float(_own_score(objective, model, jax.tree.map(jnp.asarray, held_out), beta))
    scores = state.scores.copy()
    scores[-1] = value
    if value > state.best_score:
        return state._replace(best=state.averaged, best_score=value, waited=0, scores=scores)
    return state._replace(waited=state.waited + 1, scores=scores)


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
    update = getattr(optimizer, "update", None)
    if isinstance(optimizer, type) or not (callable(update) and callable(getattr(optimizer, "init", None))):
        raise wrong_kind("optimizer", optimizer, "an optimiser of optax, such as optax.adam(0.01)")
    doors.whole("num_epochs", num_epochs, 1)
    doors.whole("score_every", score_every, 1)
    if patience is not None:
        doors.whole("patience", patience, 1)
    if score is not None:
        doors.function("score", score, "a function of a graph and rows", num_arguments=2)
    if callback is not None:
        doors.function("callback", callback, "a function of a FitState", num_arguments=1)
