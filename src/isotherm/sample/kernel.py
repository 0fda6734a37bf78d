"""The contract of every sampler: a pair of pure functions, BlackJAX's interface."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax

from isotherm.doors import function
from isotherm.errors import wrong_kind


@runtime_checkable
class AnyKernel(Protocol):
    """What a sampler must offer, ours and BlackJAX's alike: see :class:`Kernel`."""

    @property
    def init(self) -> Callable[..., Any]:
        """``init(position, key) -> state``."""
        ...

    @property
    def step(self) -> Callable[..., tuple[Any, Any]]:
        """``step(key, state) -> (state, info)``."""
        ...


class Kernel(NamedTuple):
    """A Markov transition as two pure, jittable functions.

    Attributes:
        init: ``init(position, key) -> state``; deterministic kernels ignore the key.
        step: ``step(key, state) -> (state, info)``. The state carries what the next step needs and has a field
            ``position``; the info carries what a reader may want.
    """

    init: Callable[..., Any]
    step: Callable[..., tuple[Any, Any]]


class Chains(NamedTuple):
    """The same transition for many chains at once, in whatever layout runs them fastest.

    Attributes:
        init: ``init(positions, keys) -> state``; positions and keys lead with the axis of chains.
        step: ``step(keys, state) -> (state, info)``; leaves of the info lead with chains.
        view: ``view(state) -> states`` as single chains have them, with a field ``position``, leading with
            chains.
    """

    init: Callable[..., Any]
    step: Callable[..., tuple[Any, Any]]
    view: Callable[[Any], Any]


@runtime_checkable
class RunsChains(Protocol):
    """A kernel that knows a faster way to run many chains than ``vmap``."""

    def over_chains(self) -> Chains:
        """The transition of many chains."""
        ...


def checked_kernel(field: str, value: Any) -> Any:
    """A kernel, ours or anybody's; no class of one.

    Raises:
        TypeError: naming ``field``.
    """
    if isinstance(value, type) or not (_has_method(value, "init") and _has_method(value, "step")):
        mend = "gibbs(model) makes one" if hasattr(value, "energy") else ""
        raise wrong_kind(field, value, "a kernel, with `init` and `step`", mend)
    return value


def _has_method(value: Any, name: str) -> bool:
    """Whether it can be called; looked up in the class first, as modules bind methods slowly."""
    return callable(getattr(type(value), name, None)) or callable(getattr(value, name, None))


def checked_kernel_at(kernel_at: Any, beta: Any) -> Any:
    """The kernel that a user's function makes of an inverse temperature.

    Raises:
        TypeError: naming ``kernel_at``, if it is no function of one number, or makes no kernel.
    """
    function("kernel_at", kernel_at, "a function of an inverse temperature", num_arguments=1)
    return checked_kernel("kernel_at(beta)", kernel_at(beta))


def over_chains(kernel: Any) -> Chains:
    """Many chains of any kernel: its own way if it has one, else ``vmap``."""
    if isinstance(kernel, RunsChains):
        return kernel.over_chains()
    return Chains(jax.vmap(kernel.init), jax.vmap(kernel.step), _as_it_is)


def _as_it_is(state: Any) -> Any:
    return state
