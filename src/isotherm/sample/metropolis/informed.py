"""Locally informed Metropolis-Hastings: proposals that look at every local difference of energy.

Differences are exact for factors of any form, so that no gradient is estimated. One step costs about one
evaluation of all conditionals, a product with a matrix where the graph is dense.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32, Key

from isotherm.doors import number, whole
from isotherm.energy.graph import FactorGraph
from isotherm.energy.kinds import factor_graph
from isotherm.random.inversion import inverted
from isotherm.sample.betas import chains_with_betas
from isotherm.sample.clamp import Evidence, Holding, checked_evidence, held_variables
from isotherm.sample.flat import from_values, to_values
from isotherm.sample.kernel import Chains
from isotherm.sample.log_tables import FORBIDDEN
from isotherm.sample.metropolis.local import LocalWeights, local_weights
from isotherm.sample.rounding.temperature import sampling_beta


class InformedState(NamedTuple):
    """State of each group of one chain, and what its neighbours weigh; none of it depends on beta.

    Attributes:
        position: the state, ``(size,)`` a group.
        log_weights: ``-E`` of each variable at each value, the others as they are, up to a constant; ``(n, q)``.
        log_weight: ``-E`` of the state, up to a constant, a scalar; in limbs ``(1 + limbs,)`` where float32 would
            lose digits.
    """

    position: dict[str, Array]
    log_weights: Float[Array, "n q"]
    log_weight: Array


class InformedInfo(NamedTuple):
    """What a step did; scalars.

    Attributes:
        acceptance_rate: mean probability of acceptance, in ``[0, 1]``.
        flipped: fraction of variables that changed.
    """

    acceptance_rate: Float[Array, ""]
    flipped: Float[Array, ""]


class Informed(eqx.Module):
    """Made by :func:`informed`.

    Attributes:
        local: tables, ready to be conditioned.
        beta: inverse temperature, shape ``()``; or ``(chains,)`` for :meth:`over_chains`.
        step_size: above 0, a scalar; None to change one variable at a time.
        is_free: which variables may change, bool ``(n,)``.
        empty: the graph without its factors.
        num_moves: proposals in a step (static).
    """

    local: LocalWeights
    beta: Float[Array, "..."]
    step_size: Float[Array, ""] | None
    is_free: Bool[Array, " n"]
    empty: FactorGraph
    num_moves: int = eqx.field(static=True)
    remembers_beta: ClassVar[bool] = False

    def init(self, position: dict[str, Array], key: Key[Array, ""] | None = None) -> InformedState:
        """Start from a state, an array of shape ``(size,)`` a group."""
        del key
        values = to_values(self.empty, position)
        return InformedState(from_values(self.empty, values), *self.local(values))

    def step(self, key: Key[Array, ""], state: InformedState) -> tuple[InformedState, InformedInfo]:
        """Propose and accept or not, ``num_moves`` times, by one key, a scalar."""
        start = to_values(self.empty, state.position)
        move = self._move_one if self.step_size is None else self._move_many

        def again(carry: tuple[Array, Array, Array], key: Array) -> tuple[tuple[Array, Array, Array], Array]:
            moved, log_ratio = move(key, *carry)
            key = jax.random.fold_in(key, 0)
            accepted = jnp.log(jax.random.uniform(key)) < log_ratio
            kept = jax.tree.map(lambda new, old: jnp.where(accepted, new, old), moved, carry)
            return kept, jnp.exp(jnp.minimum(log_ratio, 0.0))

        carry = (start, state.log_weights, state.log_weight)
        (values, *weights), rates = jax.lax.scan(again, carry, jax.random.split(key, self.num_moves))
        info = InformedInfo(rates.mean(), jnp.mean((values != start).astype(jnp.float32)))
        return InformedState(from_values(self.empty, values), *weights), info

    def over_chains(self) -> Chains:
        """Many chains; ``beta`` may hold one number each."""
        return chains_with_betas(self)

    def _move_one(self, key: Array, values: Array, weights: Array, weight: Array) -> tuple[tuple, Array]:
        """One variable, one new value, with probability in proportion to the root of its odds."""
        del weight
        forth = self._log_odds(values, weights).reshape(-1)
        choice = inverted(jnp.exp(forth - forth.max()), jax.random.uniform(key))
        variable, value = jnp.divmod(choice, weights.shape[1])
        moved = values.at[variable].set(value.astype(values.dtype))
        new = self.local(moved)
        back = self._log_odds(moved, new[0]).reshape(-1)
        return (moved, *new), jax.nn.logsumexp(forth) - jax.nn.logsumexp(back)

    def _move_many(self, key: Array, values: Array, weights: Array, weight: Array) -> tuple[tuple, Array]:
        """Every variable by itself, by the root of its odds and a price for each change."""
        forth = self._log_laws(values, weights)
        uniforms = jax.random.uniform(key, (len(values),))
        moved = inverted(jnp.exp(forth), uniforms).astype(values.dtype)
        new = self.local(moved)
        back = self._log_laws(moved, new[0])
        return (moved, *new), self.beta * self.local.rise(new[1], weight) + _at(back, values) - _at(
            forth, moved
        )

    def _log_odds(self, values: Int32[Array, " n"], weights: Float[Array, "n q"]) -> Float[Array, "n q"]:
        """Half the log odds of each change; minus infinity for what changes nothing or must not change."""
        odds = self.beta / 2 * (weights - jnp.take_along_axis(weights, values[:, None], axis=1))
        same = jnp.arange(weights.shape[1])[None] == values[:, None]
        return jnp.where(same | ~self.is_free[:, None] | (weights <= FORBIDDEN / 2), -jnp.inf, odds)

    def _log_laws(self, values: Int32[Array, " n"], weights: Float[Array, "n q"]) -> Float[Array, "n q"]:
        """Log probabilities of the next value of each variable."""
        assert self.step_size is not None
        same = jnp.arange(weights.shape[1])[None] == values[:, None]
        price = 0.5 / self.step_size
        return jax.nn.log_softmax(jnp.where(same, 0.0, self._log_odds(values, weights) - price), axis=1)


def informed(
    graph: FactorGraph,
    beta: Float[Array | np.ndarray, "..."] | float = 1.0,
    clamp: Evidence | None = None,
    *,
    step_size: Float[Array, ""] | float | None = None,
    num_moves: int = 1,
) -> Informed | Holding:
    r"""Locally balanced proposals for dense discrete graphs, factors of any form and order.

    Without a step size one variable changes at a time, chosen with probability in proportion to
    :math:`\sqrt{p(x') / p(x)}`. With one, every variable may change at once, each by
    :math:`\operatorname{softmax}(-\tfrac{\beta}{2} \Delta E_i - [x_i' \ne x_i] / (2 \alpha))`; the whole is
    accepted by Metropolis and Hastings' rule, so that either is exact.

    Args:
        graph: discrete variables. May be traced.
        beta: inverse temperature, may be traced; ``(chains,)`` for :func:`over_chains`.
        clamp: variables held, by group.
        step_size: ``alpha`` above, positive: larger steps change more and are accepted less.
        num_moves: proposals in one step, at least 1 (static).

    Returns:
        A kernel on states of the graph.

    Raises:
        ValueError: naming the factor that joins real or custom variables, or the argument out of range.

    References:
        Zanella, Informed proposals for local MCMC in discrete spaces, JASA 115 (2020); Grathwohl et al.,
        Oops I took a gradient, ICML (2021); Zhang, Liu and Liu, A Langevin-like sampler for discrete
        distributions, ICML (2022).
    """
    factor_graph("graph", graph)
    num_moves = whole("num_moves", num_moves, 1)
    held = checked_evidence(graph, clamp)
    sampling_beta(beta, graph)  # refused before anything is planned
    if step_size is not None:
        number("step_size", step_size, above=0)
    kernel = Informed(
        local=local_weights(graph, beta),
        beta=sampling_beta(beta, graph),
        step_size=None if step_size is None else jnp.asarray(step_size, jnp.float32),
        is_free=jnp.asarray(~held_variables(graph, held)),
        empty=FactorGraph(groups=graph.groups, factors=()),
        num_moves=num_moves,
    )
    return Holding(kernel, graph.groups, held) if held else kernel


def _at(log_laws: Float[Array, "n q"], values: Int32[Array, " n"]) -> Float[Array, ""]:
    return jnp.take_along_axis(log_laws, values[:, None], axis=1).sum()
