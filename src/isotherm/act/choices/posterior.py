"""The posterior of each subject's parameters, by NUTS: BlackJAX's, as a kernel of this package."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from isotherm import doors
from isotherm.act.choices.maximum import MostProbable, fit_map
from isotherm.act.choices.recorded import Recorded
from isotherm.act.choices.target import Build, Problem, log_posterior, problem, with_forward_slope
from isotherm.estimate import diagnostics
from isotherm.random.keys import KeyOrSeed, named
from isotherm.sample.kernel import Kernel
from isotherm.sample.run import sample


class ChoicePosterior(NamedTuple):
    """Draws from the posterior of each subject.

    Attributes:
        parameters: by name, ``(subjects, chains, draws)`` each.
        z: on the scale of the priors, ``(subjects, chains, draws, parameters)``.
        rhat: split R-hat of ``z``, ``(subjects, parameters)``.
        ess: its bulk effective sample size, likewise.
        diverging: share of draws whose trajectory diverged, ``(subjects,)``.
        most_probable: where the chains began.
    """

    parameters: dict[str, Float[Array, "subjects chains draws"]]
    z: Float[Array, "subjects chains draws parameters"]
    rhat: Float[np.ndarray, "subjects parameters"]
    ess: Float[np.ndarray, "subjects parameters"]
    diverging: Float[np.ndarray, " subjects"]
    most_probable: MostProbable


class Tuned(NamedTuple):
    """A position of one chain for all subjects, shape ``(subjects, parameters)``, and how far it steps."""

    white: Float[Array, "*subjects parameters"]
    log_density: Float[Array, "*subjects"]
    slope: Float[Array, "*subjects parameters"]
    step_size: Float[Array, "*subjects"]
    inverse_mass: Float[Array, "*subjects parameters"]


class TunedState(NamedTuple):
    """The kernel's state: where it is, and whether the last trajectory diverged, ``(subjects,)``."""

    position: Tuned
    is_diverging: Bool[Array, "*subjects"]


def fit_nuts(
    key: KeyOrSeed,
    build: Build,
    priors: Any,
    recorded: Recorded,
    *,
    weights: Any = None,
    num_warmup: int = 200,
    num_samples: int = 250,
    num_chains: int = 4,
    max_doublings: int = 5,
) -> ChoicePosterior:
    """Draws from the posterior of each subject's parameters, all subjects side by side.

    Chains begin around the most probable parameters, spread and whitened by Laplace's approximation. BlackJAX's
    window adaptation then sets step size and diagonal mass of each chain of each subject;
    :func:`isotherm.sample.sample` runs the chains.

    Args:
        key: one JAX key, or a seed.
        build: as for :func:`fit_map`, this and the next three.
        priors: of each parameter.
        recorded: of several subjects.
        weights: how much each choice counts.
        num_warmup: steps of window adaptation, at least 20; fewer than 150 leave the step size badly tuned, and
            chains may stand still: look at ``rhat``.
        num_samples: draws a chain, at least 4.
        num_chains: at least 1; two give an R-hat.
        max_doublings: of a trajectory, at least 1, at most 10; it then has ``2 ** max_doublings - 1`` steps at most.
            All subjects wait for the longest one, so that 3, enough after whitening, is several times faster.

    Raises:
        ImportError: if BlackJAX is not installed; says how to get it.
        TypeError: if an argument is of another kind, or the agent has no closed law of choice.
        ValueError: naming what is out of range.

    References:
        Hoffman and Gelman, The No-U-Turn sampler, J. Mach. Learn. Res. 15 (2014) 1593.
    """
    blackjax = blackjax_or_refuse()
    key = doors.random_key("key", key)
    num_warmup, num_samples = (
        doors.whole("num_warmup", num_warmup, 20),
        doors.whole("num_samples", num_samples, 4),
    )
    num_chains = doors.whole("num_chains", num_chains, 1)
    depth = doors.whole("max_doublings", max_doublings, 1, 10)
    task = problem(build, priors, recorded, weights)
    top = fit_map(build, task.priors, recorded, weights=task.weights)
    spread = jnp.linalg.cholesky(top.covariance)
    with jax.numpy_dtype_promotion("standard"):  # BlackJAX mixes dtypes
        starts = _adapted(named(key, "warmup"), blackjax, task, top.z, spread, num_warmup, num_chains, depth)
        kernel = _kernel(blackjax, task, top.z, spread, depth)
        draws = sample(
            named(key, "draws"), kernel, starts, num_warmup=0, num_samples=num_samples, observe=_seen
        )
    white, diverging = draws.values
    z = top.z[:, None, None] + jnp.einsum("sij,csdj->scdi", spread, jnp.moveaxis(white, 1, 2))
    by_chain = np.moveaxis(np.asarray(z, np.float64), 0, 2)
    return ChoicePosterior(
        {name: prior.value(z[..., i]) for i, (name, prior) in enumerate(task.priors.items())},
        z,
        diagnostics.rhat(by_chain),
        diagnostics.ess(by_chain),
        np.asarray(diverging, np.float64).mean(axis=(0, 1)),
        top,
    )


def blackjax_or_refuse() -> Any:
    """BlackJAX, imported only where it is needed.

    Raises:
        ImportError: if it is not installed; says how to get it.
    """
    try:
        import blackjax
    except ImportError:
        raise ImportError("fit_nuts needs BlackJAX: pip install 'isotherm[agents]'") from None
    return blackjax


def _log_density(task: Problem, one: Recorded, weights: Array, middle: Array, spread: Array) -> Any:
    """Of one subject's whitened parameters."""
    return with_forward_slope(lambda white: log_posterior(task, middle + spread @ white, one, weights))


@eqx.filter_jit
def _adapted(
    key: Array,
    blackjax: Any,
    task: Problem,
    middle: Array,
    spread: Array,
    num_warmup: int,
    num_chains: int,
    depth: int,
) -> Tuned:
    """First positions and tuning of all chains, chains leading."""

    def of(key: Array, one: Recorded, weights: Array, middle: Array, spread: Array) -> Tuned:
        start_key, run_key = jax.random.split(key)
        warmup = blackjax.window_adaptation(
            blackjax.nuts,
            _log_density(task, one, weights, middle, spread),
            initial_step_size=0.5,
            adaptation_info_fn=lambda *_: None,
            max_num_doublings=depth,
        )
        start = jax.random.normal(start_key, middle.shape)
        (state, found), _ = warmup.run(run_key, start, num_steps=num_warmup)
        known = state.position, state.logdensity, state.logdensity_grad
        return Tuned(*known, jnp.float32(found["step_size"]), found["inverse_mass_matrix"])

    keys = jax.random.split(key, (num_chains, task.num_subjects))
    over_subjects = jax.vmap(of)
    return jax.vmap(over_subjects, in_axes=(0, None, None, None, None))(
        keys, task.recorded, task.weights, middle, spread
    )


def _kernel(blackjax: Any, task: Problem, middle: Array, spread: Array, depth: int) -> Kernel:
    """A step of every subject at once, each by its own tuning, which a chain's position carries."""
    own = (task.recorded, task.weights, middle, spread)
    move = blackjax.nuts.build_kernel()

    def init(position: Tuned, key: Any = None) -> TunedState:
        del key

        return TunedState(position, jnp.zeros(position.step_size.shape, bool))

    def step(key: Array, state: TunedState) -> tuple[TunedState, Any]:
        def of(key: Array, state: TunedState, *own: Any) -> TunedState:
            tuned = state.position
            before = blackjax.mcmc.hmc.HMCState(tuned.white, tuned.log_density, tuned.slope)
            after, info = move(
                key, before, _log_density(task, *own), tuned.step_size, tuned.inverse_mass, depth
            )
            known = after.position, after.logdensity, after.logdensity_grad
            return TunedState(Tuned(*known, tuned.step_size, tuned.inverse_mass), info.is_divergent)

        keys = jax.random.split(key, task.num_subjects)
        return jax.vmap(of)(keys, state, *own), ()

    return Kernel(init, step)


def _seen(state: TunedState) -> tuple[Array, Array]:
    return state.position.white, state.is_diverging
