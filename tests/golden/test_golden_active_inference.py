"""Golden values of active inference, operation by operation, in float64."""

from typing import Any

import jax
import numpy as np
from tests.golden.cases import Golden
from tests.golden.inference import learning, loops, maths, planning, search, states, worlds

OURS = maths.OURS | states.OURS | planning.OURS | learning.OURS | search.OURS | worlds.OURS | loops.OURS
"""What we find for an operation's inputs, by the golden names of outputs."""


LIVED = {
    "closed_loop", "gridworld_replay", "action_selection", "agent_step", "knapsack", "policies", "compile_model",
    "labelled_indexing", "sophisticated_inference",
}  # fmt: skip
"""Operations that look at numbers on the way, or are programs already."""


def disagreements(golden: Golden) -> list[str]:
    """Entries of a case's outputs where ours are not the golden ones."""
    case = golden.case
    given, expected = case["inputs"], case["outputs"]
    tolerance = golden.document["ops"][case["op"]]["tolerance"][case["dtype"]]
    with jax.enable_x64(True):
        found = compiled(case["op"], given | {"outputs": expected})
    return [line for name in expected for line in differences(name, found[name], expected[name], tolerance)]


def compiled(op: str, given: dict[str, Any]) -> dict[str, Any]:
    """As one program where that can be, which is a fifth of the work of compiling each step by itself."""
    if op in LIVED:
        return OURS[op](given)
    return jax.jit(lambda: OURS[op](given))()


def differences(name: str, found: Any, expected: Any, tolerance: dict[str, float]) -> list[str]:
    """Lists of arrays entry by entry; numbers within tolerance, whole numbers, words and shapes exactly."""
    if isinstance(expected, dict):
        return [
            x for key in expected for x in differences(f"{name}.{key}", found[key], expected[key], tolerance)
        ]
    if expected is None or isinstance(expected, str | bool):
        return [] if found == expected else [f"{name}: {found} is not {expected}"]
    wanted = _as_array(expected)
    if wanted is None or _as_array(found) is None:  # a list of arrays of different shapes, or of groups
        if len(found) != len(expected):
            return [f"{name}: {len(found)} entries, not {len(expected)}"]
        pairs = enumerate(zip(found, expected, strict=True))
        return [x for i, (f, e) in pairs for x in differences(f"{name}[{i}]", f, e, tolerance)]
    ours = _as_array(found)
    assert ours is not None
    if ours.shape != wanted.shape and wanted.size + ours.size > 0:
        return [f"{name}: shape {ours.shape} is not {wanted.shape}"]
    if wanted.dtype.kind in "iu" and ours.dtype.kind in "iub":
        return [] if (ours == wanted).all() else [f"{name}: {ours} is not {wanted}"]
    bound = tolerance["atol"] + tolerance["rtol"] * np.abs(wanted)
    worst = np.abs(ours - wanted) - bound
    if not worst.size or (np.isfinite(ours).all() and (worst <= 0).all()):
        return []
    return [f"{name}: {ours.flat[worst.argmax()]} is not {wanted.flat[worst.argmax()]}"]


def _as_array(values: Any) -> np.ndarray | None:
    """Numbers, if that is what they are."""
    if isinstance(values, list | tuple):
        parts = [_as_array(value) for value in values]
        if any(part is None for part in parts) or len({np.shape(part) for part in parts}) > 1:
            return None
        return np.asarray(parts)
    return None if isinstance(values, dict) else np.asarray(values)


def test_golden_active_inference(active_inference_golden: Golden) -> None:
    assert disagreements(active_inference_golden) == []
