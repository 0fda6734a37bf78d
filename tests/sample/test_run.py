from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial
from tests.support.stats import assert_mean, assert_unbiased
from tests.support.zoo import clamp_of, random_model, venues

from isotherm.energy import LatticeIsing, ising, square
from isotherm.exact.exact import exact
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.initial import initial_spins
from isotherm.sample.kernel import Kernel
from isotherm.sample.run import FEW, MUCH, _rows, sample, sample_means


class State(NamedTuple):
    position: Any


def _start(position: Any, key: jax.Array) -> State:
    del key
    return State(position)


def counter() -> Kernel:
    """Counts its steps, so that the schedule can be read off the draws."""
    return Kernel(init=_start, step=lambda key, state: (State(state.position + 1), None))


COUNTER = counter()


def _normal_step(key: jax.Array, state: State, mean: jax.Array) -> tuple[State, None]:
    return State(mean + jax.random.normal(key, state.position.shape)), None


def normal(mean: float) -> Kernel:
    """Independent draws; the mean is an array of the kernel."""
    return Kernel(init=Partial(_start), step=Partial(_normal_step, mean=mean))


def test_each_draw_follows_thin_steps() -> None:
    draws = sample(jax.random.key(0), counter(), jnp.zeros(2, jnp.int32), num_warmup=5, num_samples=4, thin=3)
    np.testing.assert_array_equal(draws.values, [[8, 11, 14, 17]] * 2)
    np.testing.assert_array_equal(draws.states.position, [17, 17])
    plain = sample(jax.random.key(0), counter(), jnp.zeros(1, jnp.int32), num_warmup=0, num_samples=3)
    np.testing.assert_array_equal(plain.values, [[1, 2, 3]])


def test_gibbs_is_unbiased() -> None:
    model, clamp = random_model(3, 6), clamp_of(6, {2: 1})
    draws = sample(
        jax.random.key(0),
        gibbs(model, 0.8, clamp),
        Partial(initial_spins, model=model),
        num_warmup=50,
        num_samples=500,
        num_chains=64,
    )
    assert draws.values.shape == (64, 500, 6)
    assert draws.values.dtype == jnp.int8
    assert_unbiased(np.asarray(draws.values), np.asarray(exact(model, 0.8, clamp).spins))
    assert np.nanmax(draws.rhat) < 1.05


def test_running_means_are_the_means_of_the_draws() -> None:
    options: dict[str, Any] = {"num_warmup": 3, "num_samples": 200, "thin": 2, "num_chains": 8}
    start = Partial(initial_spins, model=venues(0.4))
    arguments = (jax.random.key(1), gibbs(venues(0.4)), start)
    draws, means = sample(*arguments, **options), sample_means(*arguments, **options)
    values = np.asarray(draws.values, np.float64)
    np.testing.assert_allclose(means.means, values.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(means.variances, values.var(axis=1, ddof=1), atol=1e-5)
    np.testing.assert_allclose(means.mean, draws.mean, atol=1e-6)
    np.testing.assert_array_equal(means.states.position, draws.states.position)
    spread = values.mean(axis=1).std(axis=0, ddof=1) / np.sqrt(8)
    np.testing.assert_allclose(means.mcse, spread, rtol=1e-4)


def test_errors_of_running_means_are_honest() -> None:
    means = sample_means(jax.random.key(2), normal(0.5), jnp.zeros((400, 3)), num_warmup=0, num_samples=100)
    assert_mean(np.asarray(means.means), np.full(3, 0.5))
    np.testing.assert_allclose(means.mcse, 1 / np.sqrt(400 * 100), rtol=0.2)
    np.testing.assert_allclose(means.ess, 400 * 100, rtol=0.3)
    np.testing.assert_allclose(means.rhat, 1, atol=0.01)


def test_more_chains_leave_the_first_as_they_were() -> None:
    start = Partial(initial_spins, model=venues(0.4))
    few, many = (
        sample(jax.random.key(0), gibbs(venues(0.4)), start, num_warmup=2, num_samples=20, num_chains=c)
        for c in (2, 5)
    )
    np.testing.assert_array_equal(few.values, many.values[:2])
    other = sample(jax.random.key(1), gibbs(venues(0.4)), start, num_warmup=2, num_samples=20, num_chains=2)
    assert (few.values != other.values).any()


def test_observers_may_keep_any_pytree() -> None:
    draws = sample(
        jax.random.key(0),
        normal(1.0),
        jnp.zeros((2, 3)),
        num_warmup=0,
        num_samples=50,
        observe=lambda state: {"total": state.position.sum(), "first": state.position[:2]},
    )
    assert draws.values["total"].shape == (2, 50)
    assert draws.values["first"].shape == (2, 50, 2)
    lines = str(draws).splitlines()
    assert [line.split(" = ")[0] for line in lines] == ["first[0]", "first[1]", "total"]
    assert "±" in lines[0]
    assert "[ess " in lines[0]
    assert ", rhat " in lines[0]


def test_long_tables_are_cut() -> None:
    means = sample_means(jax.random.key(0), normal(0.0), jnp.zeros((2, 100)), num_warmup=0, num_samples=5)
    assert str(means).splitlines()[-1] == "... and 76 more"


@pytest.mark.parametrize(
    ("build", "start"),
    [
        (normal, jnp.ones((2, 5))),
        (lambda beta: gibbs(venues(0.4), beta, clamp_of(5, {0: 1})), jnp.ones((2, 5), jnp.int8)),
    ],
)
def test_arrays_of_a_kernel_change_without_recompiling(
    build: Any, start: jax.Array, compiled: Callable[[], list[str]]
) -> None:
    def run(i: int) -> None:
        observe = lambda state: state.position  # noqa: E731
        sample(jax.random.key(i), build(0.1 * i), start, num_warmup=1, num_samples=2, observe=observe)

    run(0)
    before = len(compiled())
    for i in range(1, 6):
        run(i)
    assert compiled()[before:] == []


SCALE = 2.0


def test_the_same_observer_written_again_compiles_nothing_and_what_it_reads_may_change(
    monkeypatch: pytest.MonkeyPatch, compiled: Callable[[], list[str]]
) -> None:
    start = jnp.zeros(2)

    def last(shift: jax.Array) -> list[float]:
        draws = sample(
            jax.random.key(0),
            COUNTER,
            start,
            num_warmup=0,
            num_samples=3,
            observe=lambda state: SCALE * state.position + shift,
        )
        return np.asarray(draws.values)[0].tolist()

    one, two = jnp.float32(1), jnp.float32(2)
    assert last(one) == [3, 5, 7]
    before = len(compiled())
    assert last(one) == [3, 5, 7]
    assert last(two) == [4, 6, 8]
    assert compiled()[before:] == []
    monkeypatch.setattr(f"{__name__}.SCALE", 10.0)
    assert last(one) == [11, 21, 31]
    assert "jit(_run)" in compiled()[before:]


@pytest.mark.parametrize("draws_or_means", [sample, sample_means])
def test_other_numbers_of_draws_compile_no_loop_anew(
    draws_or_means: Any, compiled: Callable[[], list[str]]
) -> None:
    def run(num: int) -> Any:
        return draws_or_means(
            jax.random.key(0), COUNTER, jnp.zeros(2, jnp.int32), num_warmup=2, num_samples=num
        )

    run(1)
    before = len(compiled())
    for num in (2, 7, 1000, 1024):
        found = run(num)
        if draws_or_means is sample:
            np.testing.assert_array_equal(found.values, np.tile(2 + np.arange(1, num + 1), (2, 1)))
        else:
            np.testing.assert_allclose(found.mean, 2 + (num + 1) / 2, rtol=1e-6)
    assert not any("_run" in name for name in compiled()[before:])


@pytest.mark.parametrize(
    ("num_samples", "bytes_of_draw", "rows"),
    [
        (1, 1.0, FEW),
        (FEW, 1.0, FEW),
        (FEW + 1, 1.0, 4 * FEW),
        (4 * FEW + 1, 0.0, 16 * FEW),
        (FEW, MUCH / FEW, FEW),
        (FEW - 1, MUCH / FEW + 1, FEW - 1),
        (FEW + 1, MUCH / FEW, FEW + 1),
    ],
)
def test_room_for_more_draws_is_left_where_they_are_small(
    num_samples: int, bytes_of_draw: float, rows: int
) -> None:
    assert _rows(num_samples, bytes_of_draw) == rows


def test_large_draws_take_no_more_room_than_they_need() -> None:
    start = jnp.zeros((2, MUCH // 2 // 4 // 256), jnp.float32)  # of a draw of both chains: MUCH / 256
    draws = sample(
        jax.random.key(0), COUNTER, start, num_warmup=0, num_samples=3, observe=lambda state: state.position
    )
    assert draws.values.shape == (2, 3, start.shape[1])
    assert draws.values[1, :, -1].tolist() == [1, 2, 3]


def test_closures_may_be_swept_under_vmap() -> None:
    def means(beta: jax.Array) -> jax.Array:
        start = jnp.ones((64, 5), jnp.int8)
        return sample_means(
            jax.random.key(0), gibbs(venues(0.4), beta), start, num_warmup=50, num_samples=200
        ).means

    betas = jnp.asarray([0.2, 0.5, 1.0])
    values = jax.jit(jax.vmap(means))(betas)
    for row, beta in zip(values, betas, strict=True):
        assert_mean(np.asarray(row), np.asarray(exact(venues(0.4), beta).spins))


def test_blackjax_style_kernels_run() -> None:
    """A random walk as BlackJAX builds one: closures, a state with more than the position."""

    class Walk(NamedTuple):
        position: dict[str, jax.Array]
        log_density: jax.Array

    def log_density(position: dict[str, jax.Array]) -> jax.Array:
        return -0.5 * (position["x"] ** 2).sum() - 0.5 * ((position["y"] - 2) ** 2)

    def init(position: dict[str, jax.Array], rng_key: jax.Array | None = None) -> Walk:
        del rng_key
        return Walk(position, log_density(position))

    def step(rng_key: jax.Array, state: Walk) -> tuple[Walk, jax.Array]:
        key_x, key_y, key_u = jax.random.split(rng_key, 3)
        moved = {
            "x": state.position["x"] + jax.random.normal(key_x, (2,)),
            "y": state.position["y"] + jax.random.normal(key_y),
        }
        new = Walk(moved, log_density(moved))
        accepted = jnp.log(jax.random.uniform(key_u)) < new.log_density - state.log_density
        return jax.tree.map(lambda a, b: jnp.where(accepted, a, b), new, state), accepted

    class SamplingAlgorithm(NamedTuple):
        init: Any
        step: Any

    start = {"x": jnp.zeros((64, 2)), "y": jnp.zeros(64)}
    draws = sample(jax.random.key(0), SamplingAlgorithm(init, step), start, num_warmup=100, num_samples=400)
    assert_unbiased(np.asarray(draws.values["x"]), np.zeros(2))
    assert_unbiased(np.asarray(draws.values["y"])[..., None], np.full(1, 2.0))
    assert draws.mcse["x"].shape == (2,)


def test_draws_go_to_arviz() -> None:
    pytest.importorskip("arviz_base")
    draws = sample(jax.random.key(0), normal(1.0), jnp.zeros((2, 3)), num_warmup=0, num_samples=10)
    posterior = draws.to_arviz()["posterior"]
    assert posterior["x"].shape == (2, 10, 3)
    assert posterior["x"].dims[:2] == ("chain", "draw")


def test_missing_arviz_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "arviz_base", None)
    draws = sample(jax.random.key(0), normal(1.0), jnp.zeros((2, 3)), num_warmup=0, num_samples=5)
    with pytest.raises(ImportError, match=r"pip install 'isotherm\[arviz\]'"):
        draws.to_arviz()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_warmup": -1}, "num_warmup = -1: should be at least 0"),
        ({"num_samples": 0}, "num_samples = 0: should be at least 1"),
        ({"thin": 0}, "thin = 0: should be at least 1"),
        ({"num_chains": 0}, "num_chains = 0: should be at least 1"),
        ({"num_chains": 3}, "num_chains = 3: must be left out, since positions hold 2 chains"),
    ],
)
def test_refuses_what_is_out_of_range(options: dict[str, int], message: str) -> None:
    for run in (sample, sample_means):
        with pytest.raises(ValueError, match=message):
            run(jax.random.key(0), counter(), jnp.zeros(2), **options)


@pytest.mark.parametrize(
    "positions", [jnp.float32(1), {}, {"a": jnp.zeros(2), "b": jnp.zeros(3)}, jnp.zeros((0, 2))]
)
def test_refuses_positions_without_one_axis_of_chains(positions: Any) -> None:
    with pytest.raises(ValueError, match=r"positions.shape = .*: all leaves must lead with the same axis"):
        sample(jax.random.key(0), counter(), positions)


def test_other_budgets_compile_nothing_anew_and_number_the_same_steps(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kernel, starts = gibbs(random_model(3, 3)), jnp.ones((3, 3), jnp.int8)
    every = sample(jax.random.key(3), kernel, starts, num_warmup=0, num_samples=24, thin=1).values
    sample(jax.random.key(0), kernel, starts, num_warmup=1, num_samples=4, thin=1)
    with jax.log_compiles():
        thinned = sample(jax.random.key(3), kernel, starts, num_warmup=4, num_samples=4, thin=5).values
    assert "Finished XLA compilation" not in caplog.text
    np.testing.assert_array_equal(thinned, every[:, 8::5])


def test_more_steps_than_an_int32_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"num_warmup \+ num_samples \* thin = 2147483648: .*2,147,483,647"):
        sample(
            jax.random.key(0),
            gibbs(random_model(3, 3)),
            jnp.ones((1, 3), jnp.int8),
            num_warmup=2**31 - 4,
            num_samples=4,
        )


def test_chains_of_different_temperatures_are_told_by_themselves() -> None:
    betas = jnp.array([0.1, 2.0, 0.1, 2.0, 2.0], jnp.float32)
    model = ising([[0, 1]], 1.0, biases=[0.5, 0.0])
    starts = {"s": jnp.ones((5, 2), jnp.int8)}
    for run in (sample, sample_means):
        found = run(jax.random.key(0), gibbs(model, betas), starts, num_samples=500)
        cold = found.at(2.0)
        assert cold.betas is None
        np.testing.assert_allclose(cold.mean["s"], exact(model, 2.0).means["s"], atol=0.05)
        np.testing.assert_allclose(found.at(0.1).mean["s"], exact(model, 0.1).means["s"], atol=0.15)
        lines = str(found).splitlines()
        assert lines[0] == "beta = 0.1, 2 chains:"
        assert lines[3] == "beta = 2, 3 chains:"
        assert lines[4:] == str(cold).splitlines()
        assert "do not agree" not in str(found)
        with pytest.raises(ValueError, match=r"beta = 1.0: known: 0.1, 2"):
            found.at(1.0)
    alike = sample(jax.random.key(0), gibbs(model, jnp.full(5, 2.0)), starts, num_samples=50)
    assert alike.betas is None
    with pytest.raises(ValueError, match="all chains are at one temperature"):
        alike.at(2.0)


@pytest.mark.parametrize("num_chains", [1, 3, 8, 32])
@pytest.mark.parametrize("side", [8, 64])
def test_observers_see_the_layout_of_that_many_chains(side: int, num_chains: int) -> None:
    """Kernels of lattices pack one chain into bands, many into words, and leave few as they are."""
    kernel = gibbs(LatticeIsing(square(side)), 0.4)
    starts = jnp.ones((num_chains, side, side), jnp.int8)
    options = {"num_warmup": 3, "num_samples": 2}
    whole = sample(jax.random.key(0), kernel, starts, **options).values
    sums = sample(
        jax.random.key(0),
        kernel,
        starts,
        observe=lambda state: state.position.sum(dtype=jnp.int32),
        **options,
    )
    np.testing.assert_array_equal(sums.values, np.asarray(whole).sum(axis=(2, 3)))
    means = sample_means(jax.random.key(0), kernel, starts, observe=lambda state: state.position, **options)
    np.testing.assert_allclose(means.means, np.asarray(whole).mean(axis=1), atol=1e-6)
