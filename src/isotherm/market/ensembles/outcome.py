"""What an ensemble tells: draws by parameter, how far to trust them, and sets that can be played. Section 5.4."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64

from isotherm import doors
from isotherm.errors import refusal
from isotherm.estimate import diagnostics
from isotherm.estimate.bennett import bennett
from isotherm.market.ensembles.chains import EnsembleState
from isotherm.market.ensembles.sampling import Sampling
from isotherm.market.parameters.effective import calc_k, calc_memory_days, calc_raw_memory_days, has
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.names import pool_name
from isotherm.market.parameters.start import Parameters
from isotherm.market.train.coordinates import Coordinates
from isotherm.sample.draws import MAX_RHAT


class MeanAndError(NamedTuple):
    """A number and its standard error."""

    value: float
    error: float


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Draws of raw parameters, and what is to be known of them.

    Attributes:
        params: what was drawn, float64 ``(chains, draws, *shape)`` each; of ``"smc"`` chains are populations.
        fixed: raw parameters that all draws share, of one set.
        objectives: mean objective over the windows of each draw, ``(chains, draws)``.
        labels: of the numbers of a draw, ``d`` of them.
        rhat: split R-hat of each number and then of the objective, ``(d + 1,)``.
        ess: effective draws of each, likewise.
        rates: mean probability of acceptance: of moves ``(1,)``; of swaps of neighbouring rungs, or of moves of
            populations at each temperature after the prior, ``(rungs - 1,)``.
        betas: of the ladder, ``(rungs,)``, or the only one.
        log_evidence: log of the prior's mean of ``exp(beta * objective)``, with its error over chains; NaN where
            chains at one temperature tell nothing of it.
        outside: share of the prior's draws that lie outside of the support.
        impossible: share of the warm-up's moves that could not be accepted, mostly because they led there.
        sampling: how it was drawn.
        settings: of the run, defaults filled in.
        notes: lines for people.
    """

    params: Parameters
    fixed: Parameters
    objectives: Float64[np.ndarray, "chains draws"]
    labels: tuple[str, ...]
    rhat: Float64[np.ndarray, " numbers"]
    ess: Float64[np.ndarray, " numbers"]
    rates: Float64[np.ndarray, " rates"]
    betas: Float64[np.ndarray, " rungs"]
    log_evidence: MeanAndError
    outside: float
    impossible: float
    sampling: Sampling
    settings: Fingerprint
    notes: tuple[str, ...]

    @property
    def objective(self) -> MeanAndError:
        """Mean over all draws, with its Monte Carlo error."""
        return MeanAndError(float(self.objectives.mean()), float(diagnostics.mcse(self.objectives)))

    @property
    def best(self) -> Parameters:
        """The set of the draw with the highest objective on fitted minutes, as ``simulate`` takes it."""
        chain, at = np.unravel_index(np.argmax(self.objectives), self.objectives.shape)
        return self.fixed | {name: value[chain, at] for name, value in self.params.items()}

    @property
    def mean(self) -> Parameters:
        """The set of the mean raw parameters, as ``simulate`` takes it."""
        return self.fixed | {name: value.mean((0, 1)) for name, value in self.params.items()}

    def sets(self, count: int) -> Parameters:
        """Parameter sets of some draws, spread evenly over chains and draws, ``(count, ...)`` each.

        Args:
            count: at least 1, at most as many as there are draws.

        Raises:
            ValueError: naming ``count``, if it is out of range.
        """
        return self._shared(count) | self.members(count)

    def members(self, count: int) -> Parameters:
        """What was drawn in some of the draws, as :meth:`sets`, without what all share."""
        total = self.objectives.size
        places = np.linspace(0, total - 1, doors.whole("count", count, 1, total)).round().astype(int)
        return {name: value.reshape(total, *value.shape[2:])[places] for name, value in self.params.items()}

    def pool(self, count: int) -> tuple[Fingerprint, Parameters]:
        """A pool whose rule says the mean of what the rules of some draws say: its settings and parameters.

        Args:
            count: of the draws, its members; as :meth:`sets`.

        Raises:
            ValueError: naming ``count``, or ``rule``, if the pool is an ensemble itself.
        """
        rule = self.settings["rule"]
        if "ensemble" in pool_name(rule).hooks:
            raise refusal("rule", rule, "is an ensemble: its members cannot be ensembles themselves")
        settings = self.settings.replaced(rule=f"ensemble__{rule}", n_ensemble_members=count)
        return settings, self.fixed | self.members(count)

    def effective(self) -> dict[str, Float64[np.ndarray, "chains draws tokens"]]:
        """What draws mean: ``memory_days`` and ``k_per_day``, as far as the rule has them, ``(chains, draws, n)``.

        A rule that mixes two memories has ``memory_days_1`` and ``memory_days_2`` of which each is told.
        """
        return effective_numbers(self.params, self.settings)

    def _shared(self, count: int) -> Parameters:
        return {name: np.repeat(value[None], count, axis=0) for name, value in self.fixed.items()}


_READ = ("logit_lamb", "memory_days_1", "memory_days_2", "sp_k", "log_k", "k")
"""Raw parameters that are told as what they mean, ``(n,)`` or ``(1,)`` in a set."""


def _has_rows(params: Parameters, name: str) -> bool:
    """Whether a set has several memories of a token, as the rule of three gradients: they are told raw only."""
    return name == "logit_lamb" and "logit_lamb_for_ewma" in params


def effective_numbers(
    params: Parameters, settings: Fingerprint
) -> dict[str, Float64[np.ndarray, "*draws tokens"]]:
    """Memories and aggressiveness of draws, float64 ``(..., n)``.

    Args:
        params: raw, with any leading axes of draws, the same in all.
        settings: of the run, defaults filled in.
    """
    period, most = settings["chunk_period"], float(settings["max_memory_days"])

    def of_one(one: Any) -> dict[str, Any]:
        found = {}
        if has(one, "logit_lamb"):
            found["memory_days"] = calc_memory_days(one, period, most)
        found |= {
            name: calc_raw_memory_days(one, name)
            for name in ("memory_days_1", "memory_days_2")
            if has(one, name)
        }
        if any(has(one, name) for name in ("sp_k", "log_k", "k")):
            found["k_per_day"] = calc_k(one, 1.0)
        return found

    own = {name: params[name] for name in _READ if name in params and not _has_rows(params, name)}
    lead = next((value.ndim for value in own.values()), 1) - 1
    mapped = of_one
    for _ in range(lead):
        mapped = jax.vmap(mapped)
    with jax.enable_x64(True):
        found = mapped({name: jnp.asarray(value) for name, value in own.items()})
    return {name: np.asarray(value) for name, value in found.items()}


def ensemble_of(
    state: EnsembleState,
    sampling: Sampling,
    coordinates: Coordinates,
    fixed: Parameters,
    settings: Fingerprint,
    notes: tuple[str, ...],
) -> Ensemble:
    """What the draws so far tell.

    Args:
        state: after at least one block.
        sampling: how they were drawn.
        coordinates: of a draw.
        fixed: parameters that all draws share.
        settings: of the run.
        notes: lines for people, to which those on the draws are added.

    Raises:
        ValueError: naming ``state``, if it has no draws.
    """
    if not int(state.num_blocks):
        raise refusal("state", "begun", "must be after a block of draws")
    objectives = state.objectives[..., -1]
    everything = np.concatenate([state.draws, objectives[..., None]], -1)
    rhat, ess = diagnostics.rhat(everything), diagnostics.ess(everything)
    outside, impossible = float(state.start.outside), float(state.start.impossible)
    return Ensemble(
        params=coordinates.params(state.draws),
        fixed=fixed,
        objectives=objectives,
        labels=coordinates.labels,
        rhat=rhat,
        ess=ess,
        rates=state.rates.mean(0),
        betas=np.asarray(state.start.betas),
        log_evidence=log_evidence(state, sampling.method),
        outside=outside,
        impossible=impossible,
        sampling=sampling,
        settings=settings,
        notes=(*notes, *_told(rhat, (*coordinates.labels, "objective"), outside, impossible)),
    )


def _told(
    rhat: Float64[np.ndarray, " numbers"], labels: tuple[str, ...], outside: float, impossible: float
) -> list[str]:
    told = []
    if outside > 0:
        told.append(
            f"{outside:.2%} of the prior's draws are outside of the support: their objective is no finite number"
        )
    if impossible > 0:
        told.append(f"{impossible:.2%} of the warm-up's moves could not be accepted")
    worst = int(np.argmax(np.where(np.isnan(rhat), -np.inf, rhat)))
    if rhat[worst] > MAX_RHAT:
        told.append(
            f"chains do not agree yet: R-hat of {labels[worst]} is {rhat[worst]:.3f}, above {MAX_RHAT}"
        )
    return told


def log_evidence(state: EnsembleState, method: str) -> MeanAndError:
    """Log of the mean of ``exp(beta * objective)`` under the prior, with its standard error over chains.

    Of ladders by Bennett's ratio between neighbouring rungs, each ladder by itself; of populations by the mean of
    their unbiased estimates. Chains at one temperature tell nothing of it: NaN.

    Args:
        state: after at least one block.
        method: of :class:`.Sampling`.

    References:
        Bennett, J. Comput. Phys. 22 (1976) 245; Del Moral, Doucet and Jasra, JRSS B 68 (2006).
    """
    if method == "mala":
        return MeanAndError(np.nan, np.nan)
    if method == "smc":
        shares = np.exp(state.log_z - state.log_z.max())
        value = state.log_z.max() + np.log(shares.mean())
        return MeanAndError(float(value), _error(shares / shares.mean()))
    ladders = np.array([_of_ladder(one, np.diff(state.start.betas)) for one in state.objectives])
    return MeanAndError(float(ladders.mean()), _error(ladders))


def _of_ladder(objectives: Float64[np.ndarray, "draws rungs"], rises: np.ndarray) -> float:
    rungs = zip(objectives.T[:-1], objectives.T[1:], rises, strict=True)
    return sum(bennett(rise * low, rise * high).value for low, high, rise in rungs)


def _error(values: np.ndarray) -> float:
    """Of a mean; NaN of a single value."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan
