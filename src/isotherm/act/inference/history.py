"""What an agent remembers of an episode: a ring of its last steps."""

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int32

from isotherm.act.inference.states.likelihood import as_weights
from isotherm.energy.hidden.checks import Tensors


class Experience(NamedTuple):
    """Consecutive steps, the last one now; steps before the first hold no observation and no action.

    Attributes:
        observation: of each modality, weights ``(T, O_m)``; zeros where nothing was seen.
        beliefs: of each factor, ``(T, S_f)``.
        actions: flat controls after each step, ``(T, F)``; ``-1`` where there was none, or not yet.
        num_valid: steps that were, of the last ones.
    """

    observation: Tensors
    beliefs: Tensors
    actions: Int32[Array, "steps factors"]
    num_valid: Int32[Array, ""]

    @property
    def links(self) -> Int32[Array, "links factors"]:
        """Flat controls from each step to the next, ``(T - 1, F)``."""
        return self.actions[:-1]

    def weighted(self, weights: Float[Array, " steps"]) -> "Experience":
        """With observations that count for so much each: weights ``(T,)``."""
        return self._replace(observation=tuple(o * weights[:, None] for o in self.observation))


class History(NamedTuple):
    """The last ``n`` steps, step ``i`` at place ``i mod n``.

    Attributes:
        observation: of each modality, symbols ``(n,)`` or weights ``(n, O_m)``.
        beliefs: of each factor when the step was the last one, ``(n, S_f)``.
        actions: flat controls that followed the step, int32 ``(n, F)``; ``-1`` as long as there is none.
        num_seen: steps so far.
    """

    observation: tuple[Array, ...]
    beliefs: Tensors
    actions: Int32[Array, "n factors"]
    num_seen: Int32[Array, ""]


def empty(num_steps: int, num_obs: Sequence[int], D: Tensors, categorical_obs: bool) -> History:
    """Nothing remembered yet, with room for ``num_steps``."""
    dtype = D[0].dtype
    nothing = (
        tuple(jnp.zeros((num_steps, n), dtype) for n in num_obs)
        if categorical_obs
        else tuple(jnp.full(num_steps, -1, jnp.int32) for _ in num_obs)
    )
    beliefs = tuple(jnp.broadcast_to(d, (num_steps, *d.shape)) for d in D)
    return History(nothing, beliefs, jnp.full((num_steps, len(D)), -1, jnp.int32), jnp.int32(0))


def observed(history: History, observation: Sequence[Array], beliefs: Tensors) -> History:
    """With one step more: a symbol or ``(O_m,)`` of each modality, ``(S_f,)`` of each factor."""
    place = history.num_seen % history.actions.shape[0]
    put = lambda ring, new: ring.at[place].set(new.astype(ring.dtype))  # noqa: E731
    return History(
        tuple(map(put, history.observation, observation)),
        tuple(map(put, history.beliefs, beliefs)),
        history.actions.at[place].set(-1),
        history.num_seen + 1,
    )


def believed(history: History, beliefs: Tensors) -> History:
    """With other beliefs of the last step."""
    place = (history.num_seen - 1) % history.actions.shape[0]
    rings = zip(history.beliefs, beliefs, strict=True)
    return history._replace(beliefs=tuple(ring.at[place].set(new) for ring, new in rings))


def acted(history: History, controls: Int32[Array, " factors"]) -> History:
    """With the action after the last step, flat controls ``(F,)``."""
    place = (history.num_seen - 1) % history.actions.shape[0]
    return history._replace(actions=history.actions.at[place].set(controls))


def window(history: History, num_steps: int, num_obs: Sequence[int]) -> Experience:
    """The last steps in order.

    Args:
        history: of at least ``num_steps`` places.
        num_steps: ``T`` (static).
        num_obs: symbols of each modality.
    """
    size = history.actions.shape[0]
    places = (history.num_seen - num_steps + jnp.arange(num_steps, dtype=jnp.int32)) % size
    seen = tuple(ring[places] for ring in history.observation)
    if seen[0].ndim == 1:
        seen = as_weights(seen, num_obs, history.beliefs[0].dtype)
    beliefs = tuple(ring[places] for ring in history.beliefs)
    return Experience(seen, beliefs, history.actions[places], jnp.minimum(history.num_seen, num_steps))
