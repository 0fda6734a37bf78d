"""The contract of every sampler: a pair of pure functions, BlackJAX's interface."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Kernel(NamedTuple):
    """A Markov transition as two pure, jittable functions.

    Attributes:
        init: ``init(position, key) -> state``; deterministic kernels ignore the key.
        step: ``step(key, state) -> (state, info)``. The state carries what the next step needs and has a field
            ``position``; the info carries what a reader may want.
    """

    init: Callable[..., Any]
    step: Callable[..., tuple[Any, Any]]
