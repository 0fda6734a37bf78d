"""The contract of every world: pure functions with the conventions of JAX environments."""

import abc
from typing import Any, NamedTuple

import equinox as eqx
from jaxtyping import Array, Bool, Float, Key


class Step(NamedTuple):
    """What a world returns for an action.

    Attributes:
        observation: what the agent sees before its next action.
        state: the world's state after the action.
        reward: scalar float32.
        terminated: the episode has ended by the world's rules.
        truncated: the episode was cut at a limit.
        info: a dictionary of scalars for the record (such as ``regret``), never shown to agents.

    >>> import jax.numpy as jnp
    >>> no = jnp.zeros((), bool)
    >>> step = Step(jnp.int32(3), (), jnp.float32(1.0), no, no, {"success": jnp.float32(1.0)})
    >>> float(step.reward), sorted(step.info)
    (1.0, ['success'])
    """

    observation: Any
    state: Any
    reward: Float[Array, ""]
    terminated: Bool[Array, ""]
    truncated: Bool[Array, ""]
    info: dict[str, Float[Array, ""]]


class AbstractWorld(eqx.Module):
    """A world for one agent. Parameters are leaves of the module, what changes is the state; keys come first.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> class Coin(AbstractWorld):
    ...     def reset(self, key):
    ...         return (), ()
    ...     def step(self, key, state, action):
    ...         won = jax.random.bernoulli(key) == (action == 1)
    ...         no = jnp.zeros((), bool)
    ...         return Step((), (), won.astype(jnp.float32), no, no, {})
    >>> float(Coin().step(jax.random.key(0), (), jnp.int32(1)).reward) in (0.0, 1.0)
    True
    """

    @abc.abstractmethod
    def reset(self, key: Key[Array, ""]) -> tuple[Any, Any]:
        """First observation and state, of one run.

        Args:
            key: one JAX key.
        """

    @abc.abstractmethod
    def step(self, key: Key[Array, ""], state: Any, action: Any) -> Step:
        """Answer one action.

        Args:
            key: one JAX key; another one each step.
            state: of one run.
            action: what the agent did.

        Returns:
            A :class:`Step` whose state has the structure, shapes and dtypes of the one given.
        """
