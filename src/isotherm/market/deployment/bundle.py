"""The deployable bundle: all that a pool is deployed with, in one file that tells if it was changed."""

import copy
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from isotherm import doors
from isotherm.errors import refusal
from isotherm.files.content import json_bytes, read_json, write_atomic
from isotherm.files.place import read_named, why_unread
from isotherm.market.backtest import Backtest
from isotherm.market.deployment.state import Arrays, DeployedState, deployed_state, strategy_state
from isotherm.market.parameters.chain import convert_parameter_values, one_set
from isotherm.market.parameters.deployed import deploy_weights
from isotherm.market.parameters.encoding import json_line
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.fixed_point import bd18_strings
from isotherm.market.parameters.names import own_keys
from isotherm.market.rules.coarse import StrategyState

Bundle = dict[str, Any]

FORM = "isotherm deployable pool"
VERSION = 1
MAX_BYTES = 1 << 26

GUARDRAILS = (
    "minimum_weight", "maximum_change", "chunk_period", "weight_interpolation_period", "min_weights", "max_weights",
)  # fmt: skip
"""Numbers of an export that hold weights back or time them."""

_PARTS = {
    "form": str, "version": int, "run_location": str, "rule": str, "tokens": list, "fingerprint": dict,
    "raw": dict, "parameters": dict, "guardrails": dict, "state": dict | None, "weights": dict | None, "prices": dict,
    "sha256": str,
}  # fmt: skip
_IN_BOTH = ("values", "strings")


def bundle_of(
    params: Mapping[str, Any],
    fingerprint: Fingerprint,
    parameter_set: int | None = None,
    *,
    state: DeployedState | None = None,
    memory_days: float | None = None,
    prices: Mapping[str, str] | None = None,
) -> Bundle:
    """A bundle of one pool, as JSON has it.

    Args:
        params: raw parameters, of one set, or with a leading axis of sets of which ``parameter_set`` is exported.
        fingerprint: settings of the pool.
        parameter_set: index of a set, needed if there are several.
        state: where the pool stands; None for parameters alone.
        memory_days: longest memory, where a run had fewer days before its start than the settings ask for.
        prices: SHA-256 of price files, by name.

    Returns:
        ``parameters`` and ``guardrails``, and if the pool stands somewhere ``state`` and ``weights``, each with
        ``values`` and the same in decimal ``strings`` of 1e-18; ``weights`` have the ``packed`` form of a contract
        besides. ``raw`` parameters of the set, for :func:`.next_block`; ``fingerprint``, ``run_location``, ``rule``;
        ``tokens`` in the order of all arrays; ``prices``; and ``sha256`` of all else.

    Raises:
        TypeError: naming an argument of another kind.
        ValueError: as :func:`.convert_parameter_values` and :func:`.deploy_weights`.

    >>> run = Fingerprint(tokens=["B", "A"], rule="momentum")
    >>> found = bundle_of({"k": [3.0, 4.0], "logit_lamb": [0.0, 0.0]}, run)
    >>> found["tokens"], found["parameters"]["strings"]["lamb"], found["state"]
    (['A', 'B'], ['500000000000000000', '500000000000000000'], None)
    """
    doors.instance("fingerprint", fingerprint, Fingerprint, "a Fingerprint")
    doors.mapping("params", params, "a mapping of raw parameters by key")
    if parameter_set is not None:
        doors.whole("parameter_set", parameter_set, 0)
    if state is not None:
        doors.instance("state", state, DeployedState, "a DeployedState, or None", "deployed_state finds one")
    if memory_days is not None:
        doors.number("memory_days", memory_days, above=0)
    if prices is not None:
        doors.mapping("prices", prices, "digests by the names of files")
    settings = fingerprint.with_defaults()
    own = {key: value for key, value in params.items() if key in own_keys(settings["rule"])}
    exported = convert_parameter_values(params, settings, memory_days, parameter_set)["values"]
    bundle = {
        "form": FORM,
        "version": VERSION,
        "run_location": fingerprint.run_location(),
        "rule": settings["rule"],
        "tokens": sorted(settings["tokens"]),
        "fingerprint": dict(settings),
        "raw": {key: array.tolist() for key, array in one_set(own, settings["rule"], parameter_set).items()},
        "parameters": _in_both({key: value for key, value in exported.items() if key not in GUARDRAILS}),
        "guardrails": _guardrails(settings, exported, memory_days),
        "state": None if state is None else _state(state),
        "weights": None if state is None else _weights(state, settings["weight_interpolation_period"]),
        "prices": dict(prices or {}),
    }
    return bundle | {"sha256": digest_of(bundle)}


def bundle_of_backtest(
    backtest: Backtest, params: Mapping[str, Any], parameter_set: int | None = None
) -> Bundle:
    """A bundle of a pool as a backtest leaves it, see :func:`.deployed_state`.

    Args:
        backtest: of a pool whose weights follow a rule.
        params: raw parameters that it was played with.
        parameter_set: which of several sets.

    Raises:
        TypeError: as there.
        ValueError: as there, and as :func:`bundle_of`.
    """
    doors.instance("backtest", backtest, Backtest, "a Backtest", "simulate makes one")
    doors.mapping("params", params, "a mapping of raw parameters by key")
    if parameter_set is not None:
        doors.whole("parameter_set", parameter_set, 0)
    return bundle_of(
        params,
        backtest.settings,
        parameter_set,
        state=deployed_state(backtest, params, parameter_set),
        memory_days=backtest.memory_days,
        prices=backtest.digests,
    )


def state_of(bundle: Mapping[str, Any]) -> StrategyState:
    """The state of a bundle for :func:`.next_block`, in float64, to the last bit that of the run.

    Raises:
        ValueError: if the bundle has none.
    """
    check_form(bundle)
    if bundle["state"] is None:
        raise refusal("state", None, "must be in the bundle; a result file has none, a run has")
    values = dict(bundle["state"]["values"])
    return strategy_state(values, values.pop("final_weights"))


def write_bundle(path: str | Path, bundle: Mapping[str, Any], is_replacing: bool = False) -> Path:
    """Write a bundle, whole or not at all.

    Args:
        path: of the file.
        bundle: of :func:`bundle_of`.
        is_replacing: whether a file that lies there may be overwritten.

    Raises:
        ValueError: if the bundle is not sound, or something lies there.
        OSError: if the disk refuses.
    """
    found, is_replacing = Path(doors.file_path("path", path)), doors.flag("is_replacing", is_replacing)
    check_sound(bundle)
    check_free(found, is_replacing)
    write_atomic(found, json_bytes(bundle))
    return found


def check_free(path: Path, is_replacing: bool = False) -> None:
    """Refuse a place where something lies that is not to be overwritten.

    Raises:
        ValueError: naming ``to``.
    """
    if path.is_dir():
        raise refusal("to", str(path), "is a folder; give the name of a file")
    if not path.parent.is_dir():
        raise refusal("to", str(path), "lies in a folder that does not exist; make it first")
    if path.exists() and not is_replacing:
        raise refusal("to", str(path), "is there already; --force overwrites it")


def read_bundle(path: str | Path) -> Bundle:
    """The bundle of a file, verified.

    Raises:
        ValueError: naming the file, if it cannot be read, is damaged, no bundle, or was changed.
    """
    bundle = parse_bundle(path)
    try:
        check_sound(bundle)
    except ValueError as error:
        raise refusal("bundle", str(path), str(error)) from None
    return bundle


def parse_bundle(path: str | Path) -> Bundle:
    """The bundle of a file whether or not its hash holds; for looking into it.

    Raises:
        ValueError: naming the file, if it cannot be read, is damaged or no bundle.
    """
    try:
        found = read_json(read_named(doors.file_path("bundle", path), MAX_BYTES))
    except OSError as error:
        raise refusal("bundle", str(path), why_unread(error)) from None
    except ValueError:
        raise refusal("bundle", str(path), "is damaged: it ends or breaks within its JSON") from None
    fault = fault_of(found)
    if fault:
        raise refusal("bundle", str(path), fault)
    return found


def is_bundle_file(path: str | Path) -> bool:
    """Whether a file is one JSON object over several lines, as bundles are written, or a bundle in one line.

    Result files begin with a whole object in their first line, or with a list or a text. What cannot be read is none.

    Raises:
        TypeError: if ``path`` is no path.
    """
    try:
        content = read_named(doors.file_path("path", path), MAX_BYTES)
    except OSError:
        return False
    first, _, rest = content.lstrip().partition(b"\n")
    if first.strip() == b"{" and rest.strip():
        return True
    try:
        return not rest.strip() and isinstance(found := read_json(first), dict) and found.get("form") == FORM
    except ValueError:
        return False


def check_sound(bundle: Mapping[str, Any]) -> None:
    """Refuse a bundle that is not as it was made.

    Raises:
        ValueError: naming ``sha256``, or what is missing.
    """
    check_form(bundle)
    if not is_sound(bundle):
        raise refusal("sha256", bundle["sha256"], f"is not that of what is written, {digest_of(bundle)}")


def check_form(bundle: Any) -> None:
    """Refuse what has not the parts of a bundle; what is written in them is not looked at.

    Raises:
        ValueError: naming ``bundle``.
    """
    fault = fault_of(bundle)
    if fault:
        raise refusal("bundle", type(bundle).__name__, fault)


def is_sound(bundle: Mapping[str, Any]) -> bool:
    """Whether the hash of a bundle is that of its contents."""
    return bundle["sha256"] == digest_of(bundle)


def digest_of(bundle: Mapping[str, Any]) -> str:
    """SHA-256 of a bundle without its own, over JSON with sorted keys."""
    rest = {key: value for key, value in bundle.items() if key != "sha256"}
    return hashlib.sha256(json_line(rest).encode()).hexdigest()


def fault_of(bundle: Any) -> str:
    """What a value lacks to be a bundle; empty if nothing."""
    if not isinstance(bundle, Mapping) or bundle.get("form") != FORM:
        return "is no bundle of a deployable pool"
    if bundle.get("version") != VERSION:
        return f"is a bundle of version {bundle.get('version')!r}; this is read: {VERSION}"
    for part, kind in _PARTS.items():
        if part not in bundle or not isinstance(bundle[part], kind):
            return f"lacks its {part}, or has another kind of it"
    for part in ("parameters", "guardrails", "state", "weights"):
        held = bundle[part]
        if held is not None and not all(isinstance(held.get(key), Mapping) for key in _IN_BOTH):
            return f"lacks values or strings of its {part}"
    return ""


def _in_both(values: Mapping[str, Any]) -> dict[str, Any]:
    """Floats, and the same in fixed point."""
    return {
        "values": copy.deepcopy(dict(values)),
        "strings": {name: bd18_strings(value, name) for name, value in values.items()},
    }


def _guardrails(
    settings: Fingerprint, exported: Mapping[str, Any], memory_days: float | None
) -> dict[str, Any]:
    held = {key: exported[key] for key in GUARDRAILS if key in exported}
    caps = settings.get("cap_weights")
    if caps is not None:
        held["cap_weights"] = [float(one) for one in np.atleast_1d(caps)]
    held["max_memory_days"] = [float(settings["max_memory_days"] if memory_days is None else memory_days)]
    return {
        "kind": settings.get("guardrail") or "clip",
        "weight_interpolation_method": settings["weight_interpolation_method"],
        **_in_both(held),
    }


def _state(state: DeployedState) -> dict[str, Any]:
    arrays = {**state.arrays, **_averages(state.arrays), "final_weights": state.weights}
    return _in_both({name: array.tolist() for name, array in arrays.items()})


def _averages(arrays: Arrays) -> Arrays:
    """Readings: what prices are above by their deviations."""
    pairs = {"ewma": ("price", "deviation"), "alt_ewma": ("price", "alt_deviation")}
    pairs |= {f"ewma_{i}": (f"price_{i}", f"deviation_{i}") for i in (1, 2)}
    if "running" in arrays:  # of variances, whose deviations are of returns
        return {}
    return {name: arrays[price] - arrays[above] for name, (price, above) in pairs.items() if above in arrays}


def _weights(state: DeployedState, period: int) -> dict[str, Any]:
    values = {"start": state.start.tolist(), "step": state.step.tolist()}
    packed = deploy_weights(state.start, state.step, state.start_s, period)
    return {**_in_both(values), "start_s": state.start_s, "packed": packed.record()}
