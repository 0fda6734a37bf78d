"""Ensembles of strategies: raw parameters drawn from a prior that is tilted towards the objective."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from isotherm import doors
from isotherm.market.ensembles.chains import EnsembleState, begun_chains, moved
from isotherm.market.ensembles.outcome import Ensemble, ensemble_of
from isotherm.market.ensembles.posterior import Posterior, posterior_of
from isotherm.market.ensembles.sampling import Sampling
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.prices.table import PriceTable
from isotherm.market.train.problem import TrainingProblem, problem_of


class EnsembleProblem(NamedTuple):
    """An ensemble before its first draw.

    Attributes:
        training: prices, parts and pool, as of a training.
        posterior: the law.
        sampling: how it is drawn, checked.
    """

    training: TrainingProblem
    posterior: Posterior
    sampling: Sampling


def ensemble(
    fingerprint: Fingerprint,
    prices: PriceTable,
    sampling: Sampling,
    *,
    num_windows: int = 1,
    noise_scale: Any = None,
    params: Mapping[str, Any] | None = None,
    initial_weights: Any = None,
    supply: Any = None,
    spread: Any = None,
    callback: Callable[[EnsembleState], object] | None = None,
) -> Ensemble:
    """Draw raw parameters of a strategy from ``prior * exp(beta * objective)``.

    The prior is normal around the first set that a training would begin with; the objective is that of
    ``return_val``, averaged over windows of the fitted minutes. Parameters with which it is no finite number have no
    probability. The colder, the closer draws come to the best strategy on those minutes; the test is never looked at.

    Args:
        fingerprint: settings, as of a training.
        prices: a row a minute, a column for each of the fingerprint's tokens.
        sampling: the sampler, its temperature and how many draws.
        num_windows: that the objective is averaged over, evenly spaced within the room that ``bout_offset`` leaves.
        noise_scale: deviation of the prior, above 0; None takes that of the settings of training.
        params: raw parameters that the prior is centred on, of one set ``(n,)``, in the place of first ones.
        initial_weights: of the pool, positive, summing to 1, ``(n,)``.
        supply: circulating, of rules of capitalisation, ``(n,)`` or a row for each row of ``prices``.
        spread: bid-ask spread of each token, of pools that pay it, ``(n,)``.
        callback: called with the state after each block of draws.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a setting or an argument that does not fit.

    References:
        Roberts and Tweedie, Bernoulli 2 (1996), for Langevin steps; Syed et al., JRSS B 84 (2022), for ladders;
        Del Moral, Doucet and Jasra, JRSS B 68 (2006), for populations.

    >>> from isotherm.market.prices.synthetic import sinusoidal_prices, synthetic_table
    >>> path = sinusoidal_prices(20 * 1440 + 1, [10.0, 20.0], 0.2, [9000.0, 7000.0])
    >>> table = synthetic_table(path, ["AAA", "BBB"], "2024-01-01 00:00:00")
    >>> run = Fingerprint(
    ...     tokens=["AAA", "BBB"], rule="momentum", max_memory_days=4, return_val="returns",
    ...     startDateString="2024-01-06 00:00:00", endDateString="2024-01-21 00:00:00",
    ...     optimisation_settings={"early_stopping_metric": "return"},
    ... )
    >>> found = ensemble(run, table, Sampling(beta=10.0, num_chains=4, num_draws=20, block=10, num_warmup=20))
    >>> found.params["log_k"].shape, found.objectives.shape
    ((4, 20, 2), (4, 20))
    """
    if callback is not None:
        doors.function("callback", callback, "a function of a state", num_arguments=1)
    problem = ensemble_problem(
        fingerprint,
        prices,
        sampling,
        num_windows=num_windows,
        noise_scale=noise_scale,
        params=params,
        initial_weights=initial_weights,
        supply=supply,
        spread=spread,
    )
    state = begun_ensemble(problem)
    while not is_drawn(problem, state):
        state = drawn(problem, state)
        if callback is not None:
            callback(state)
    return finished_ensemble(problem, state)


def ensemble_problem(
    fingerprint: Fingerprint,
    prices: PriceTable,
    sampling: Sampling,
    *,
    num_windows: int = 1,
    noise_scale: Any = None,
    params: Mapping[str, Any] | None = None,
    initial_weights: Any = None,
    supply: Any = None,
    spread: Any = None,
) -> EnsembleProblem:
    """Check what an ensemble is given, and lay it out; arguments as of :func:`ensemble`.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a setting, a date, a token, a parameter or an argument that does not fit.
    """
    checked = doors.instance("sampling", sampling, Sampling, "a Sampling").checked()
    training = problem_of(
        fingerprint, prices, params=params, initial_weights=initial_weights, supply=supply, spread=spread
    )
    posterior = posterior_of(training, num_windows, noise_scale)
    _check_memory(training, posterior, checked)
    return EnsembleProblem(training, posterior, checked)


def sampled_otherwise(problem: EnsembleProblem, sampling: Sampling) -> EnsembleProblem:
    """The same law, drawn by another sampler or at another temperature; nothing is laid out again.

    Args:
        problem: of :func:`ensemble_problem`.
        sampling: how it is to be drawn.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a setting out of range.
    """
    check_ensemble(problem)
    checked = doors.instance("sampling", sampling, Sampling, "a Sampling").checked()
    _check_memory(problem.training, problem.posterior, checked)
    return problem._replace(sampling=checked)


def _check_memory(training: TrainingProblem, posterior: Posterior, sampling: Sampling) -> None:
    """Refuse more draws, or chains whose minutes are walked at once, than there is memory for."""
    draws, bytes_of_one = sampling.num_chains * sampling.num_draws, 8.0 * (posterior.coordinates.size + 16)
    doors.affordable("num_draws", sampling.num_draws, 4.0 * draws * bytes_of_one, "keep fewer draws")
    objective = training.gradient.objective
    if objective.moves is None:
        minutes = 8.0 * objective.bout_length * objective.course.prices.shape[1]
        doors.affordable(
            "num_chains", sampling.num_chains, 8 * sampling.num_chains * minutes, "have fewer chains"
        )


def begun_ensemble(problem: EnsembleProblem) -> EnsembleState:
    """The state before the first draw: positions, steps of the sampler and its ladder are found here.

    Its leaves are arrays of NumPy; with its structure, ``jax.tree.unflatten`` makes a state again of later ones.

    Args:
        problem: of :func:`ensemble_problem`.

    Raises:
        TypeError: if it is no problem.
        ValueError: naming ``noise_scale``, if hardly any draw of the prior lies within the support.
    """
    check_ensemble(problem)
    return begun_chains(problem.posterior.tilted, problem.sampling)


def is_drawn(problem: EnsembleProblem, state: EnsembleState) -> bool:
    """Whether all draws are there.

    Args:
        problem: of the ensemble.
        state: after a link.

    Raises:
        TypeError: if an argument is of another kind.
    """
    check_ensemble(problem, state)
    return int(state.num_blocks) >= problem.sampling.num_blocks


def drawn(problem: EnsembleProblem, state: EnsembleState, num_blocks: int = 1) -> EnsembleState:
    """Some blocks of draws more. However they are cut, the same numbers come out to the last bit.

    Args:
        problem: of :func:`ensemble_problem`.
        state: to go on from.
        num_blocks: how many, at least 1; no more are made than are left. Of ``"smc"`` each is a population.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming ``num_blocks``, if it is below 1.
    """
    check_ensemble(problem, state)
    count = doors.whole("num_blocks", num_blocks, 1)
    return moved(problem.posterior.tilted, problem.sampling, state, count)


def finished_ensemble(problem: EnsembleProblem, state: EnsembleState) -> Ensemble:
    """What the draws so far tell.

    Args:
        problem: of the ensemble.
        state: after at least one block.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming ``state``, if it is that before the first draw.
    """
    check_ensemble(problem, state)
    fixed = problem.posterior.objective.fixed
    return ensemble_of(
        state,
        problem.sampling,
        problem.posterior.coordinates,
        fixed={name: np.asarray(value) for name, value in fixed.items()},
        settings=problem.training.settings,
        notes=problem.training.notes,
    )


def check_ensemble(problem: Any, *states: Any) -> None:
    """Refuse what is no problem, or no state.

    Raises:
        TypeError: naming it.
    """
    doors.instance("problem", problem, EnsembleProblem, "an EnsembleProblem", "ensemble_problem makes one")
    for state in states:
        doors.instance(
            "state", state, EnsembleState, "an EnsembleState", "begun_ensemble makes the first one"
        )
