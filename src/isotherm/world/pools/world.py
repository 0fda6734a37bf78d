"""A market whose venues are liquidity pools: orders are swaps, prices are real, arbitrage follows them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Key

from isotherm import doors
from isotherm.errors import refusal
from isotherm.random.keys import named
from isotherm.world.pools.pool_set import BPS, PoolSet
from isotherm.world.pools.split import best_split
from isotherm.world.routing.context import Context, choose_context, is_random_mode
from isotherm.world.world import AbstractWorld, Step


class PoolOrder(NamedTuple):
    """An order to be routed.

    Attributes:
        is_buy: whether it buys the asset for numeraire, a bool scalar.
        amount: that goes into a pool, in units of the token that does, a float32 scalar above 0.
    """

    is_buy: Bool[Array, ""]
    amount: Float[Array, ""]


class PoolOffers(NamedTuple):
    """What an order would get, in basis points; every pool is looked at, whatever the context.

    Attributes:
        below_best: what each pool pays less than the best of all, at least 0, float32, ``(n,)``.
        below_market: what it pays less than the market price, negative where it pays more, ``(n,)``.
        regret: what it pays less than the best available one, at least 0, ``(n,)``; 0 at a context pool that is
            better.
        split_gain: what the best division over available pools pays more than the best of them, at least 0.
    """

    below_best: Float[Array, " n"]
    below_market: Float[Array, " n"]
    regret: Float[Array, " n"]
    split_gain: Float[Array, ""]


class PoolMarketState(NamedTuple):
    """State of a :class:`PoolMarket`.

    Attributes:
        time: steps taken so far, an int32 scalar.
        row: of the prices, an int32 scalar.
        reserves: of every pool as the order meets them, asset first, float32, ``(2, n)``.
        order: to be routed now.
        offers: what it would get.
        context: what the agent sees of that.
    """

    time: Int32[Array, ""]
    row: Int32[Array, ""]
    reserves: Float[Array, "2 n"]
    order: PoolOrder
    offers: PoolOffers
    context: Context


class PoolMarket(AbstractWorld):
    """Orders of random size and side, one a row of real prices, each swapped in one of ``n`` pools.

    In each row the price moves, arbitrageurs visit the pools whose turn it is, then an order comes. A pool's outcome
    is ``+1`` where it would pay within ``tolerance_bps`` of the best; agents are shown those of ``k`` pools and route
    to another. The swap changes that pool's reserves, until arbitrage brings them back.

    Reward is execution against the best of all pools in basis points, the tolerance added: ``tolerance_bps`` at
    the best pool, above 0 exactly where the outcome is ``+1``, as agents count success. ``info`` holds, in basis
    points, ``regret`` (paid less than by the best available pool, whose floor is 0), ``cost`` and ``best_cost``
    (paid less than at the market price, by the pool chosen and by the best available), ``split_gain`` (what the
    best division over available pools would pay more than the best of them); ``success``; and, of all pools,
    ``wins`` ``(n,)`` and ``joint_wins`` ``(n, n)``.

    Build with :func:`pool_market`, which checks its arguments.

    Attributes:
        pools: the venues.
        prices: of the asset in the numeraire, ``(rows,)``, float32.
        order_value: median value of an order in the numeraire, a scalar.
        order_spread: standard deviation of the logarithm of that, a scalar.
        tolerance_bps: a scalar.
        horizon: steps after which ``truncated`` is set; a run begins that far from the end of the prices, an int32
            scalar.
        is_random: contexts are random; else pools ``0 .. k-1``.
        num_context: pools seen for free, ``k`` (static).
    """

    pools: PoolSet
    prices: Float[Array, " rows"]
    order_value: Float[Array, ""]
    order_spread: Float[Array, ""]
    tolerance_bps: Float[Array, ""]
    horizon: Int32[Array, ""]
    is_random: Bool[Array, ""]
    num_context: int

    @property
    def num_venues(self) -> int:
        """Number of pools ``n``."""
        return self.pools.num_pools

    def first_row(self, key: Key[Array, ""]) -> Int32[Array, ""]:
        """Row of the prices in which a run begins, any that leaves room for the horizon: an int32 scalar.

        Args:
            key: that :meth:`reset` gets.
        """
        starts = self.prices.shape[0] - self.horizon
        return jax.random.randint(named(key, "row"), (), 0, starts, jnp.int32)

    def reset(self, key: Key[Array, ""]) -> tuple[Context, PoolMarketState]:
        """Pools in balance at a random row, and the first order."""
        row = self.first_row(key)
        state = self._show(key, jnp.int32(0), row, self.pools.opened(row, self.prices[row]))
        return state.context, state

    def step(self, key: Key[Array, ""], state: PoolMarketState, action: Int32[Array, ""]) -> Step:
        """Swap the order in the pool chosen; then the price moves, arbitrageurs come, and the next order.

        Args:
            key: of the next order and its context.
            state: of one run.
            action: the pool, an int32 scalar within ``0 .. n - 1``.
        """
        chosen = jnp.arange(self.num_venues) == action
        offers, order = state.offers, state.order
        amounts = jnp.where(chosen, order.amount, 0.0)
        swapped = self.pools.swap_changes(state.reserves, state.row, order.is_buy, amounts)
        rewards = self._rewards(offers)
        wins = (rewards > 0).astype(jnp.float32)
        info = {
            "regret": _of(chosen, offers.regret),
            "success": _of(chosen, wins),
            "cost": _of(chosen, offers.below_market),
            "best_cost": jnp.min(jnp.where(state.context.available, offers.below_market, jnp.inf)),
            "split_gain": offers.split_gain,
            "wins": wins,
            "joint_wins": wins[:, None] * wins[None],
        }
        time, row = state.time + 1, (state.row + 1) % self.prices.shape[0]
        reserves = self.pools.arbitraged(state.reserves + swapped, row, self.prices[row])
        following = self._show(key, time, row, reserves)
        no = jnp.zeros((), bool)
        return Step(following.context, following, _of(chosen, rewards), no, time >= self.horizon, info)

    def _show(
        self,
        key: Key[Array, ""],
        time: Int32[Array, ""],
        row: Int32[Array, ""],
        reserves: Float[Array, "2 n"],
    ) -> PoolMarketState:
        n, price = self.num_venues, self.prices[row]
        order = self._order(named(key, "order"), price)
        everyone = jnp.ones(n, bool)
        venues = choose_context(named(key, "context"), everyone, self.num_context, self.is_random)
        available = ~(venues[:, None] == jnp.arange(n)[None]).any(axis=0)
        offers = self._offers(row, price, reserves, order, available)
        outcomes = jnp.where(self._rewards(offers) > 0, 1, -1).astype(jnp.int8)
        context = Context(venues, outcomes[venues], available)
        return PoolMarketState(time, row, reserves, order, offers, context)

    def _order(self, key: Key[Array, ""], price: Float[Array, ""]) -> PoolOrder:
        side, size = jax.random.normal(key, (2,))
        is_buy = side > 0
        value = self.order_value * jnp.exp(self.order_spread * size)
        return PoolOrder(is_buy, jnp.where(is_buy, value, value / price))

    def _offers(self, row, price, reserves, order: PoolOrder, available) -> PoolOffers:
        def paid(amounts: Float[Array, " n"]) -> Float[Array, " n"]:
            change = self.pools.swap_changes(reserves, row, order.is_buy, amounts)
            return -jnp.where(order.is_buy, change[0], change[1])

        whole = jnp.broadcast_to(order.amount, available.shape)
        shares = best_split(self.pools, reserves, row, order.is_buy, order.amount, available)
        alone, parts = jax.vmap(paid)(jnp.stack([whole, shares]))
        best = jnp.max(jnp.where(available, alone, 0.0))
        fair = order.amount * jnp.where(order.is_buy, 1 / price, price)
        return PoolOffers(
            # differences first: 1 - alone / best would round to something else than 0 at the best
            below_best=BPS * (jnp.max(alone) - alone) / jnp.max(alone),
            below_market=BPS * (fair - alone) / fair,
            regret=BPS * jnp.maximum(0.0, best - alone) / best,
            # the best pool alone is a division too
            split_gain=BPS * jnp.maximum(0.0, jnp.sum(parts) - best) / best,
        )

    def _rewards(self, offers: PoolOffers) -> Float[Array, " n"]:
        return self.tolerance_bps - offers.below_best


def _of(chosen: Bool[Array, " n"], values: Float[Array, " n"]) -> Float[Array, ""]:
    return jnp.sum(jnp.where(chosen, values, 0.0))


def pool_market(
    pools: PoolSet,
    prices: Any,
    *,
    order_value: Any = 2_000.0,
    order_spread: Any = 1.5,
    tolerance_bps: Any = 1.0,
    horizon: int = 1,
    num_context: int = 1,
    context_mode: str = "random",
) -> PoolMarket:
    """A checked :class:`PoolMarket`.

    Args:
        pools: the venues, at least ``num_context + 2`` of them.
        prices: of the asset in the numeraire, finite, above 0, a row a step, shape ``(rows,)``.
        order_value: median value of an order in the numeraire, above 0; orders are log-normal, either side as likely.
        order_spread: standard deviation of the logarithm of that, within 0 .. 10.
        tolerance_bps: outcome is ``+1`` where a pool pays within so many basis points of the best, above 0.
        horizon: steps of a run that must lie within the prices, 1 .. ``rows - 1``; beyond, the prices start again.
        num_context: pools whose outcome is seen for free, at least 1.
        context_mode: ``"random"``, or ``"fixed"`` for pools ``0 .. num_context - 1``.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming the one out of range.

    >>> from isotherm.world.pools.pool_set import pool_set
    >>> pools = pool_set([1.0, 5.0, 30.0, 100.0], [1e6, 1e7, 3e6, 1e7], intervals=[1, 1, 1, 10])
    >>> world = pool_market(pools, [2000.0, 2003.0, 1998.0])
    >>> context, state = world.reset(jax.random.key(0))
    >>> answer = world.step(jax.random.key(1), state, jnp.argmax(context.available))
    >>> sorted(answer.info)
    ['best_cost', 'cost', 'joint_wins', 'regret', 'split_gain', 'success', 'wins']
    """
    doors.instance("pools", pools, PoolSet, "a PoolSet", "pool_set(fees_bps, values) makes one")
    table = doors.real_numbers("prices", prices)
    if table.ndim != 1 or len(table) < 2:
        raise refusal("prices.shape", table.shape, "should be (rows,), at least 2 of them")
    doors.numbers("prices", table, above=0)
    doors.numbers("prices", table, least=1e-18, most=1e18)
    doors.number("order_value", order_value, above=0, most=1e30)
    doors.number("order_spread", order_spread, least=0, most=10)
    doors.number("tolerance_bps", tolerance_bps, above=0, most=BPS)
    return PoolMarket(
        pools=pools,
        prices=jnp.asarray(table, jnp.float32),
        order_value=jnp.float32(order_value),
        order_spread=jnp.float32(order_spread),
        tolerance_bps=jnp.float32(tolerance_bps),
        horizon=jnp.int32(doors.whole("horizon", horizon, 1, len(table) - 1)),
        is_random=is_random_mode(context_mode),
        num_context=doors.whole("num_context", num_context, 1, pools.num_pools - 2),
    )
