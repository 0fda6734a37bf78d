"""Policies: sequences of controls, kept as a tree of the beginnings that they share."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int32

from isotherm import doors
from isotherm.energy.hidden.controls import all_choices, flat_controls
from isotherm.energy.hidden.model import GenerativeModel
from isotherm.errors import refusal

MAX_NODES = 2**22
"""Beginnings of policies that are enumerated at most; beyond, policies are sampled."""

BYTES_A_NODE = 256
"""Of beliefs and scores that planning keeps of a beginning, at the least."""


@dataclass(frozen=True, eq=False)
class PolicyLevel:
    """Beginnings of one length.

    Attributes:
        controls: flat control of each factor at the last step, int32 ``(n, F)``; where ``parents`` is None those of
            the ``K`` choices that every beginning before goes on with.
        parents: number of each one's own beginning in the level before, int32 ``(n,)``; None where each of those
            goes on with all choices, in order.
    """

    controls: Int32[np.ndarray, "n factors"]
    parents: Int32[np.ndarray, " n"] | None = None


class PolicyTree:
    """A set of policies of one length ``H``; made by :func:`enumerated_policies` or :func:`given_policies`.

    It is structure, not parameters: equal sets compare equal, so that programs compiled for one serve the other.

    Attributes:
        levels: beginnings of length ``1 .. H``, each once.
        last: number of each policy in the last level, int32 ``(P,)``; None: they are the last level.
        actions: number of each policy's first joint choice of controls, int32 ``(P,)``.
        num_controls: choices of each control.

    >>> tree = enumerated_policies((2,), ((0,),), 3)
    >>> tree.num_policies, tree.num_nodes, tree == enumerated_policies((2,), ((0,),), 3)
    (8, 14, True)
    """

    def __init__(
        self,
        levels: Sequence[PolicyLevel],
        last: Int32[np.ndarray, " policies"] | None,
        actions: Int32[np.ndarray, " policies"],
        num_controls: Sequence[int],
    ) -> None:
        self.levels, self.last, self.actions = tuple(levels), last, actions
        self.num_controls = tuple(num_controls)
        arrays = [last, actions, *(part for level in levels for part in (level.controls, level.parents))]
        self._content = (
            self.num_controls,
            *(None if array is None else (array.shape, array.tobytes()) for array in arrays),
        )
        self._hash = hash(self._content)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PolicyTree) and self._hash == other._hash and self._content == other._content

    @property
    def num_policies(self) -> int:
        """``P``."""
        return len(self.actions)

    @property
    def num_nodes(self) -> int:
        """Beginnings of all lengths: what planning costs."""
        counts = []
        for level in self.levels:
            before = counts[-1] if counts else 1
            counts.append(before * len(level.controls) if level.parents is None else len(level.controls))
        return sum(counts)

    @property
    def num_choices(self) -> int:
        """Joint choices of all controls."""
        return prod(self.num_controls)

    @property
    def controls(self) -> Int32[np.ndarray, "policies steps factors"]:
        """Flat controls of every policy, ``(P, H, F)``."""
        node = np.arange(self.num_policies) if self.last is None else self.last
        found = []
        for level in self.levels[::-1]:
            if level.parents is None:
                node, choice = np.divmod(node, len(level.controls))
                found.append(level.controls[choice])
            else:
                found.append(level.controls[node])
                node = level.parents[node]
        return np.stack(found[::-1], axis=1)


def enumerated_policies(
    num_controls: Sequence[int], controls: Sequence[Sequence[int]], policy_len: int
) -> PolicyTree:
    """Every sequence of joint choices of all controls, in lexicographic order, the first step slowest.

    Args:
        num_controls: choices of each control.
        controls: that each factor listens to (``B_action_dependencies``).
        policy_len: steps of a policy, at least 1.

    Raises:
        TypeError: if ``policy_len`` is no whole number.
        ValueError: if it is below 1, or there are too many policies; says how many, and what to do.
    """
    policy_len = doors.whole("policy_len", policy_len, 1)
    num_choices = prod(num_controls)
    if num_choices > 1 and policy_len * np.log(num_choices) > np.log(MAX_NODES):
        count = float(num_choices) ** policy_len
        bytes_ = f"{count * BYTES_A_NODE:.3g} bytes at the least"
        mend = (
            f"gives {count:.3g} policies of {num_choices} choices a step, {bytes_}; plan by sampling instead"
        )
        raise refusal("policy_len", policy_len, f"{mend} (sampled_policies), or give policies of your own")
    flat = _flat(all_choices(num_controls), controls, num_controls)
    count = num_choices ** (policy_len - 1)
    first = np.repeat(np.arange(num_choices, dtype=np.int32), count)
    return PolicyTree([PolicyLevel(flat)] * policy_len, None, first, num_controls)


def given_policies(
    policies: Any, num_controls: Sequence[int], controls: Sequence[Sequence[int]]
) -> PolicyTree:
    """Policies of one's own.

    Args:
        policies: choices of every control, whole numbers ``(P, H, num controls)``.
        num_controls: choices of each control.
        controls: that each factor listens to.

    Raises:
        ValueError: if the shape is another, or a choice is out of range.
    """
    table = doors.regular("policies", policies)
    if table.ndim != 3 or table.shape[2] != len(num_controls) or not table.size:
        allowed = f"must be (policies, steps, {len(num_controls)}), a choice of each control"
        raise refusal("policies.shape", table.shape, allowed)
    if table.dtype.kind not in "iu":
        raise refusal("policies.dtype", str(table.dtype), "must be whole numbers")
    for control, size in enumerate(num_controls):
        column = table[:, :, control]
        outside = column[(column < 0) | (column >= size)]
        if outside.size:
            raise refusal(
                f"policies[:, :, {control}]", int(outside[0]), f"choices are within 0 .. {size - 1}"
            )
    table = table.astype(np.int32)
    flat = _flat(table, controls, num_controls)
    levels, node = [], np.zeros(len(table), np.int32)
    for step in range(table.shape[1]):
        rows = np.concatenate([node[:, None], flat[:, step]], axis=1)
        kept, node = np.unique(rows, axis=0, return_inverse=True)
        node = node.reshape(-1).astype(np.int32)
        levels.append(PolicyLevel(kept[:, 1:], kept[:, 0]))
    first = np.zeros(len(table), np.int32)
    for control, size in enumerate(num_controls):
        first = first * size + table[:, 0, control]
    return PolicyTree(levels, node, first, num_controls)


def policies_of(model: GenerativeModel, policy_len: int, policies: Any = None) -> PolicyTree:
    """The policies given, or all of a length; as many as the model's ``E`` where it has one.

    Raises:
        TypeError: if ``policy_len`` is no whole number.
        ValueError: if it is below 1, ``E`` has another number of entries, or as :func:`enumerated_policies`.
    """
    controls, policy_len = model.B_action_dependencies, doors.whole("policy_len", policy_len, 1)
    if policies is None:
        tree = enumerated_policies(model.num_controls, controls, policy_len)
    else:
        tree = given_policies(policies, model.num_controls, controls)
    if model.E is not None and model.E.shape[-1] != tree.num_policies:
        raise refusal("E.shape", model.E.shape, f"must be ({tree.num_policies},), a weight for each policy")
    return tree


def _flat(
    choices: Int32[np.ndarray, "*batch controls"], controls: Sequence[Sequence[int]], sizes: Sequence[int]
) -> Int32[np.ndarray, "*batch factors"]:
    """Known at once, also where an agent is made inside ``jit`` or ``vmap``."""
    with jax.ensure_compile_time_eval():
        return np.asarray(flat_controls(jnp.asarray(choices), tuple(map(tuple, controls)), sizes))
