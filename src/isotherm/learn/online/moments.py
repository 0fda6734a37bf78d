"""Moment matching online, as the published router does it: forgetting, windowed pairs, mean-field propagation."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int8, Int32

from isotherm import doors
from isotherm.energy.coding import coded_bools
from isotherm.energy.dense import Ising
from isotherm.energy.kinds import dense_model
from isotherm.energy.variables import spin
from isotherm.errors import refusal, wrong_kind
from isotherm.sample.gibbs.gibbs import Moments


class PairWindow(NamedTuple):
    """Pair statistics of the last ``w`` masked observations.

    Attributes:
        recent: ring buffer of observations, 0 where unseen, shape ``(w, n)``, int8.
        products: ``C_ij = Σ o_i o_j`` over the buffer, shape ``(n, n)``, int32.
        counts: how often both of a pair were seen, shape ``(n, n)``, int32.
        time: observations so far, int32.
    """

    recent: Int8[Array, "w n"]
    products: Int32[Array, "n n"]
    counts: Int32[Array, "n n"]
    time: Int32[Array, ""]

    @classmethod
    def empty(cls, n: int, window: int) -> "PairWindow":
        """A window of ``window >= 1`` observations of ``n`` spins that has seen nothing.

        Raises:
            TypeError: naming the argument that is no whole number.
            ValueError: naming the one below 1, or that would not fit into memory.
        """
        doors.whole("n", n, 1)
        doors.whole("window", window, 1)
        doors.affordable("n", n, 16.0 * n**2, "a window counts every pair")
        doors.affordable("window", window, 4.0 * n * window, "remember fewer observations")
        pairs = jnp.zeros((n, n), jnp.int32)
        return cls(jnp.zeros((window, n), jnp.int8), pairs, pairs, jnp.zeros((), jnp.int32))

    def push(self, observation: Int8[Array, " n"] | Bool[Array, " n"]) -> "PairWindow":
        """Let the oldest observation leave and ``observation`` (``+1``, ``-1``, 0 unseen, shape ``(n,)``) enter."""
        observation = jnp.asarray(coded_bools("observation", spin(1), observation))
        slot = self.time % self.recent.shape[0]
        leaving = self.recent[slot].astype(jnp.int32)
        entering = observation.astype(jnp.int32)
        return PairWindow(
            recent=self.recent.at[slot].set(observation),
            products=self.products + jnp.outer(entering, entering) - jnp.outer(leaving, leaving),
            counts=self.counts + _seen_together(entering) - _seen_together(leaving),
            time=self.time + 1,
        )


def _seen_together(observation: Int32[Array, " n"]) -> Int32[Array, "n n"]:
    seen = jnp.abs(observation)
    return jnp.outer(seen, seen)


class MatchingRates(NamedTuple):
    """Constants of the update.

    Attributes:
        learning_rate: ``η``, at least 0.
        forgetting: ``γ``, factor on the parameters each step, in (0, 1].
        propagation: ``d``, mean-field share passed on to unseen spins, at least 0.
        couplings: 1 learns them, 0 keeps them where they are (up to forgetting); at least 0.
    """

    learning_rate: float = 0.05
    forgetting: float = 0.995
    propagation: float = 0.3
    couplings: float = 1.0

    def checked(self) -> "MatchingRates":
        """These rates.

        Raises:
            ValueError: naming the first one out of range.
        """
        doors.numbers("rates.learning_rate", self.learning_rate, least=0)
        doors.numbers("rates.forgetting", self.forgetting, above=0, most=1)
        doors.numbers("rates.propagation", self.propagation, least=0)
        doors.numbers("rates.couplings", self.couplings, least=0)
        return self


def match_moments(
    model: Ising,
    beta: Float[Array, ""] | float,
    observation: Int8[Array, " n"] | Bool[Array, " n"],
    window: PairWindow,
    moments: Moments,
    rates: MatchingRates = MatchingRates(),  # noqa: B008 - an immutable tuple
) -> Ising:
    r"""One step of moment matching with forgetting.

    With mask ``m = |o|`` and model moments ``⟨·⟩`` taken before the step,

    .. math::
        b \leftarrow \gamma b + \eta\beta(o - \langle s\rangle m) + d\,\eta\beta (J o)(1 - m), \qquad
        J_{ij} \leftarrow \gamma J_{ij} + [n_{ij} > 0]\,\eta\beta (C_{ij}/n_{ij} - \langle s_i s_j\rangle).

    Args:
        model: parameters before the step, ``n`` spins.
        beta: inverse temperature at which the model is read.
        observation: ``+1``, ``-1``, or 0 where unseen, shape ``(n,)``.
        window: pair statistics with this observation already in.
        moments: moments of ``model`` at ``beta``.
        rates: constants of the update.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming a number out of range, or a shape that is not the model's.

    References:
        The published routing study; equations in ``docs`` under *The routing study*.
    """
    n = dense_model("model", model).num_spins
    doors.numbers("beta", beta)
    doors.instance("window", window, PairWindow, "a PairWindow", "PairWindow.empty(n, window) makes one")
    doors.instance("rates", rates, MatchingRates, "MatchingRates").checked()
    observation = jnp.asarray(coded_bools("observation", spin(n), observation))
    _check_fits(n, observation, window, moments)
    seen = jnp.abs(observation).astype(jnp.float32)
    o = observation.astype(jnp.float32)
    gain = rates.learning_rate * beta
    propagated = rates.propagation * gain * (model.couplings @ o) * (1 - seen)
    biases = rates.forgetting * model.biases + gain * (o - moments.spins * seen) + propagated
    target = window.products.astype(jnp.float32) / jnp.maximum(window.counts, 1).astype(jnp.float32)
    innovation = jnp.where(window.counts > 0, gain * (target - moments.pairs), 0.0) * rates.couplings
    off_diagonal = 1.0 - jnp.eye(model.num_spins, dtype=jnp.float32)
    couplings = rates.forgetting * model.couplings + innovation * off_diagonal
    return Ising(biases=biases, couplings=couplings)


def _check_fits(n: int, observation: Array, window: PairWindow, moments: Any) -> None:
    if not (hasattr(moments, "spins") and hasattr(moments, "pairs")):
        raise wrong_kind("moments", moments, "moments, such as exact(model)")
    shapes = (
        ("observation", observation, (n,)),
        ("window.counts", window.counts, (n, n)),
        ("moments.spins", moments.spins, (n,)),
        ("moments.pairs", moments.pairs, (n, n)),
    )
    for field, array, shape in shapes:
        if jnp.shape(array) != shape:
            raise refusal(f"{field}.shape", jnp.shape(array), f"must be {shape} to match the model")


def zero_model(n: int) -> Ising:
    """An Ising model of ``n`` spins with all parameters zero, float32."""
    return Ising(biases=jnp.zeros(n, jnp.float32), couplings=jnp.zeros((n, n), jnp.float32))
