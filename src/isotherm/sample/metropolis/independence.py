"""Independence Metropolis-Hastings: whole new actions from the base policy, accepted by their reward."""

from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from isotherm.energy.kinds import tilted_policy
from isotherm.energy.tilt.inputs import checked_number
from isotherm.energy.tilt.tilted import Tilted
from isotherm.sample.betas import chains_with_betas
from isotherm.sample.kernel import Chains
from isotherm.sample.metropolis.acceptance import AcceptanceInfo, accept
from isotherm.sample.metropolis.langevin import check_position
from isotherm.sample.rounding.notes import spacing


class IndependenceState(NamedTuple):
    """A position, ``(d,)`` or ``()``, and its reward, a scalar."""

    position: Array
    reward: Float[Array, ""]


class Independence(eqx.Module):
    """Made by :func:`independence`.

    Attributes:
        beta: inverse temperature, shape ``()``; or ``(chains,)`` for :meth:`over_chains`.
        tilted: the law.
    """

    beta: Float[Array, "..."]
    tilted: Tilted
    remembers_beta: ClassVar[bool] = False

    def init(self, position: Array, key: Key[Array, ""] | None = None) -> IndependenceState:
        """Start from a position, shape ``(d,)`` or ``()``.

        Raises:
            ValueError: if it has another shape than the policy's actions.
        """
        del key
        check_position(self.tilted, position)
        return IndependenceState(position, self.tilted.reward(position))

    def step(self, key: Key[Array, ""], state: IndependenceState) -> tuple[IndependenceState, AcceptanceInfo]:
        """One proposal, by one key, a scalar; ``log alpha = beta (Q(x') - Q(x))``.

        References:
            Tierney, Ann. Statist. 22 (1994).
        """
        key_draw, key_accept = jax.random.split(key)
        after = self.init(self.tilted.base.draw(key_draw))
        log_ratio = self.beta * (after.reward - state.reward)
        return accept(key_accept, log_ratio, after, state)

    def rounding(self, states: IndependenceState) -> Float[Array, ""]:
        """In kT, of the rewards that are compared: a scalar."""
        return jnp.abs(self.beta).max() * spacing(states.reward)

    def over_chains(self) -> Chains:
        """Many chains; ``beta`` may hold one number each."""
        return chains_with_betas(self)


def independence(tilted: Tilted, beta: Any) -> Independence:
    """Proposals from the base policy, of any kind of action; needs no gradient and no density of it.

    Args:
        tilted: any.
        beta: inverse temperature, may be traced; one a chain for :func:`over_chains`.

    Returns:
        A kernel on actions.

    Raises:
        ValueError: if ``beta`` is not finite.

    References:
        Tierney, Ann. Statist. 22 (1994).
    """
    return Independence(
        beta=checked_number("beta", beta, per_chain=True), tilted=tilted_policy("tilted", tilted)
    )
