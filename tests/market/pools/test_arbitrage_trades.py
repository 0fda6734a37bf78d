"""Single trades: signatures, the closed form, the gate, swaps."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.market.pools import twin

from isotherm.market.pools.arbitrage import invariant_ratio, optimal_trade
from isotherm.market.pools.geometric import rebalanced
from isotherm.market.pools.signatures import code_of, sides_of, signatures
from isotherm.market.pools.swap import swap_in_given_out, swap_out_given_in
from isotherm.market.pools.trade import best_trade, is_open, trade_of

FEES = (0.0, 0.0005, 0.003, 0.3)

GOLDEN_PAIRS = [[1, 0, -1], [1, -1, 0], [0, 1, -1], [0, -1, 1], [-1, 1, 0], [-1, 0, 1]]


def draw_pool(seed: int, n: int = 3, spread: float = 0.02) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, reserves and prices about balance."""
    rng = np.random.default_rng(seed)
    weights, prices = rng.dirichlet(np.full(n, 3.0)) * 0.9 + 0.1 / n, rng.lognormal(3, 3, n)
    return weights, weights * 1e6 / prices * np.exp(spread * rng.normal(size=n)), prices


def test_pairs_stand_in_the_order_of_the_product() -> None:
    assert signatures("pairs", 3).tolist() == GOLDEN_PAIRS
    for n in (2, 3, 4, 5):
        product = [s for s in itertools.product((1, 0, -1), repeat=n) if s.count(1) == s.count(-1) == 1]
        assert signatures("pairs", n).tolist() == [list(s) for s in product]


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_all_signatures_are_all(n: int) -> None:
    found = signatures("all", n)
    assert len(found) == 3**n - 2 ** (n + 1) + 1
    assert len({tuple(s) for s in found.tolist()}) == len(found)
    assert (found.max(1) == 1).all()
    assert (found.min(1) == -1).all()


def test_codes_tell_which_tokens_go_where() -> None:
    table = signatures("all", 4)
    goes_in, comes_out = sides_of(jnp.asarray(code_of(table)), 4)
    np.testing.assert_array_equal(np.asarray(goes_in).T, table > 0)
    np.testing.assert_array_equal(np.asarray(comes_out).T, table < 0)


@pytest.mark.parametrize(
    ("kind", "n", "line"),
    [
        ("triples", 3, "signatures = 'triples'"),
        ("pairs", 1, "n = 1"),
        ("pairs", 16, "n = 16"),
        ("all", 9, "n = 9"),
    ],
)
def test_other_signatures_are_refused(kind: str, n: int, line: str) -> None:
    with pytest.raises(ValueError, match=line):
        signatures(kind, n)


@given(seed=st.integers(0, 10**6), fee=st.sampled_from(FEES), kind=st.sampled_from(["pairs", "all"]))
def test_the_trade_is_the_best_that_is_valid(seed: int, fee: float, kind: str) -> None:
    w, R, p = draw_pool(seed)
    found = optimal_trade(w, R, p, fee, kind)
    change, profit = twin.best_trade(w, p, R, 1 - fee, kind)
    np.testing.assert_allclose(found.trade, change, rtol=1e-9, atol=1e-12 * R.max())
    assert float(found.profit) == pytest.approx(profit, rel=1e-7, abs=1e-9)
    assert float(found.profit) == pytest.approx(-(found.trade * p).sum(), rel=1e-9, abs=1e-9)
    assert invariant_ratio(w, R, found.trade, 1 - fee) >= 1 - 1e-12


@given(seed=st.integers(0, 10**6), n=st.sampled_from([2, 3, 4]))
def test_no_opportunity_is_lost_to_rounding(seed: int, n: int) -> None:
    """D21: every pair that pays is traded, however little it pays."""
    w, R, p = draw_pool(seed, n, spread=0.004)
    z = np.log(R * p / w)
    gap = z.max() - z.min() + np.log(0.997)
    trade = optimal_trade(w, R, p, 0.003).trade
    assert (gap > 1e-12) == bool((trade != 0).any()) or abs(gap) < 1e-12
    assert invariant_ratio(w, R, trade, 0.997) == pytest.approx(1, abs=1e-13)


@pytest.mark.parametrize("distance", [1e-4, 1e-6, 1e-8, 1e-10])
def test_the_smallest_opportunities_are_taken_whole(distance: float) -> None:
    """Beside a value of 1e6 the profit of the last is 1e-14."""
    w, p = np.array([0.3, 0.7]), np.array([7.0, 3.0])
    R = w * 1e6 / p * np.array([1.0, np.exp(distance) / 0.997])
    trade = optimal_trade(w, R, p, 0.003).trade
    wanted = R * np.array([np.expm1(0.7 * distance) / 0.997, np.expm1(-0.3 * distance)])
    np.testing.assert_allclose(trade, wanted, rtol=1e-15 / distance)


@pytest.mark.parametrize("kind", ["pairs", "all"])
@pytest.mark.parametrize("prices", [(2.0, 1.0, 1.0), (1.0, 2.0, 1.0), (1.0, 1.0, 2.0)])
@pytest.mark.parametrize("fee", [0.0, 0.003])
def test_tied_trades_never_lower_the_invariant(kind: str, prices: tuple[float, ...], fee: float) -> None:
    """D22: one of them is taken, not their sum."""
    w, R = np.full(3, 1 / 3), np.full(3, 100.0)
    trade = optimal_trade(w, R, prices, fee, kind).trade
    assert invariant_ratio(w, R, trade, 1 - fee) >= 1 - 1e-12
    assert (R + trade > 0).all()
    if kind == "pairs" and fee:
        assert (trade != 0).sum() == 2


@given(seed=st.integers(0, 10**6), unit=st.floats(1e-6, 1e6))
def test_the_numeraire_does_not_matter(seed: int, unit: float) -> None:
    w, R, p = draw_pool(seed)
    one, other = optimal_trade(w, R, p, 0.003), optimal_trade(w, R, p * unit, 0.003)
    np.testing.assert_allclose(one.trade, other.trade, rtol=1e-9, atol=1e-12 * R.max())
    assert float(other.profit) == pytest.approx(float(one.profit) * unit, rel=1e-6, abs=1e-9 * unit)


@given(seed=st.integers(0, 10**6), order=st.permutations(range(3)), kind=st.sampled_from(["pairs", "all"]))
def test_the_order_of_tokens_does_not_matter(seed: int, order: list[int], kind: str) -> None:
    w, R, p = draw_pool(seed)
    one, other = optimal_trade(w, R, p, 0.003, kind), optimal_trade(w[order], R[order], p[order], 0.003, kind)
    np.testing.assert_allclose(one.trade[order], other.trade, rtol=1e-9, atol=1e-12 * R.max())


@given(seed=st.integers(0, 10**6))
def test_all_signatures_pay_at_least_what_pairs_pay(seed: int) -> None:
    w, R, p = draw_pool(seed)
    pairs, every = (float(optimal_trade(w, R, p, 0.003, kind).profit) for kind in ("pairs", "all"))
    assert every >= pairs - 1e-9
    free = float(optimal_trade(w, R, p).profit)
    assert free >= every - 1e-9


@given(
    seed=st.integers(0, 10**6),
    fee=st.sampled_from([0.0005, 0.003, 0.02]),
    arb_fees=st.sampled_from([0.0, 0.001, 0.02]),
    n=st.sampled_from([2, 3, 4]),
    kind=st.sampled_from(["pairs", "all"]),
)
def test_a_closed_gate_hides_no_trade_that_pays(
    seed: int, fee: float, arb_fees: float, n: int, kind: str
) -> None:
    """Gas can only take from what is left after outside fees: where nothing is left, nothing pays any gas."""
    w, R, p = draw_pool(seed, n, spread=fee)
    with jax.enable_x64(True):
        gate = is_open(
            jnp.asarray(p / w)[:, None], jnp.asarray(R)[:, None], jnp.array([1 - fee]), jnp.array([arb_fees])
        )
    change = optimal_trade(w, R, p, fee, kind).trade
    left = -(change * p).sum() - arb_fees / 2 * (np.abs(change) * p).sum()
    assert bool(gate[0]) or left <= 1e-12 * (R * p).sum()
    assert (left <= 1e-6) or bool(gate[0])


def test_a_gate_is_closed_within_the_band_and_open_beyond() -> None:
    w, p = np.array([0.25, 0.75]), np.array([5.0, 2.0])
    for arb_fees in (0.0, 0.01):
        band = -np.log(0.997 * (1 - arb_fees / 2) / (1 + arb_fees / 2))
        for distance, is_beyond in ((band - 1e-9, False), (band + 1e-9, True)):
            for way in (1, -1):
                R = w * 1e3 / p * np.exp(way * distance * np.array([0.0, 1.0]))
                with jax.enable_x64(True):
                    columns = (jnp.asarray(x)[:, None] for x in (p / w, R))
                    gate = is_open(*columns, jnp.array([0.997]), jnp.array([arb_fees]))
                assert bool(gate[0]) == is_beyond


def test_a_known_signature_gives_the_trade_again() -> None:
    with jax.enable_x64(True):
        for seed, kind in itertools.product(range(5), ("pairs", "all")):
            w, R, p = (jnp.asarray(x)[:, None] for x in draw_pool(seed))
            gamma = jnp.array([0.997])
            found = best_trade(w, p, R, gamma, kind, may_be_free=False)
            again = trade_of(found.code, w, p, R, gamma)
            np.testing.assert_allclose(found.change, again.change, rtol=1e-10, atol=1e-10)
            np.testing.assert_allclose(found.profit, again.profit, rtol=1e-7)
        none = trade_of(jnp.zeros(1, jnp.int32), w, p, R, gamma)
        assert (none.change == 0).all()


@given(seed=st.integers(0, 10**6))
def test_free_arbitrage_brings_reserves_into_balance(seed: int) -> None:
    w, R, p = draw_pool(seed)
    with jax.enable_x64(True):
        after = np.asarray(rebalanced(*(jnp.asarray(x) for x in (w, R, p))))
    np.testing.assert_allclose(after, R + optimal_trade(w, R, p).trade, rtol=1e-12)
    np.testing.assert_allclose(after * p / w, (after * p).sum(), rtol=1e-12)
    np.testing.assert_allclose((w * np.log(after)).sum(), (w * np.log(R)).sum(), rtol=1e-13)


@given(seed=st.integers(0, 10**6), share=st.floats(0, 0.9), fee=st.sampled_from(FEES))
def test_a_swap_by_what_goes_in_is_one_by_what_comes_out(seed: int, share: float, fee: float) -> None:
    w, R, _ = draw_pool(seed)
    one = swap_out_given_in(R, w, 0, 2, share * R[0], 1 - fee)
    other = swap_in_given_out(R, w, 0, 2, -one[2], 1 - fee)
    np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-9 * R.max())
    np.testing.assert_allclose(
        one, twin.swap(w, R, 0, 2, share * R[0], 1 - fee), rtol=1e-10, atol=1e-12 * R.max()
    )
    assert invariant_ratio(w, R, one, 1 - fee) == pytest.approx(1, abs=1e-12)


def test_swaps_and_trades_out_of_range_are_refused() -> None:
    R, w = [10.0, 20.0], [0.5, 0.5]
    for call, line in (
        (lambda: swap_in_given_out(R, w, 0, 1, 20.0), "amount_out = 20.0"),
        (lambda: swap_out_given_in(R, w, 0, 1, -1.0), "amount_in = -1.0"),
        (lambda: swap_out_given_in(R, w, 0, 0, 1.0), "token_out = 0"),
        (lambda: swap_out_given_in(R, w, 0, 2, 1.0), "token_out = 2"),
        (lambda: swap_out_given_in(R, w, 0, 1, 1.0, 0.0), "gamma = 0"),
        (lambda: swap_out_given_in(R, [0.5], 0, 1, 1.0), r"weights\.shape = \(1,\)"),
        (lambda: swap_out_given_in([0.0, 1.0], w, 0, 1, 1.0), "reserves = 0.0"),
        (lambda: swap_out_given_in([1.0], [1.0], 0, 0, 1.0), r"reserves\.shape"),
        (lambda: optimal_trade(w, R, [1.0, 1.0], 1.0), "fee = 1.0"),
        (lambda: optimal_trade(w, R, [1.0], 0.1), r"prices\.shape = \(1,\)"),
        (lambda: optimal_trade([w], R, w, 0.1), r"weights\.shape = \(1, 2\)"),
        (lambda: optimal_trade(w, R, [0.0, 1.0]), "prices = 0.0"),
        (lambda: optimal_trade(w, R, w, 0.1, "some"), "signatures = 'some'"),
    ):
        with pytest.raises(ValueError, match=line):
            call()
