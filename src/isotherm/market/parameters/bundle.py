"""Everything that a deployed pool starts from, in one record with a digest."""

from collections.abc import Mapping
from typing import Any

from isotherm import doors
from isotherm.errors import refusal
from isotherm.files.content import digest
from isotherm.market.parameters.chain import convert_parameter_values
from isotherm.market.parameters.deployed import DeployedWeights
from isotherm.market.parameters.encoding import json_line
from isotherm.market.parameters.fingerprint import Fingerprint

Bundle = dict[str, Any]


def export_onchain(
    params: Mapping[str, Any],
    fingerprint: Fingerprint,
    parameter_set: int | None = None,
    state: Mapping[str, Any] | None = None,
    deployed: DeployedWeights | None = None,
) -> Bundle:
    """Parameters, guardrails, estimator state and weights of one pool, as JSON has them.

    Args:
        params: raw parameters, of one set, or with a leading axis of sets of which ``parameter_set`` is exported.
        fingerprint: settings of the pool.
        parameter_set: index of a set, needed if there are several.
        state: of the rule's estimator by name.
        deployed: weights as they stand; their first ones are the ``final_weights`` of the parameters.

    Returns:
        ``run_location``, ``rule``, ``tokens``, ``parameters`` with ``values`` and ``strings``, ``weights`` by the
        names of the contract or None, and ``digest``, the SHA-256 of the others.

    Raises:
        TypeError: naming an argument of another kind.
        ValueError: as :func:`~isotherm.market.parameters.chain.convert_parameter_values`, or naming weights of
            another number of tokens.

    >>> run = Fingerprint(tokens=["A", "B"], rule="hodl")
    >>> bundle = export_onchain({"initial_weights": [0.25, 0.75]}, run)
    >>> bundle["parameters"]["strings"]["initial_weights"], len(bundle["digest"])
    (['250000000000000000', '750000000000000000'], 64)
    """
    doors.instance("fingerprint", fingerprint, Fingerprint, "a Fingerprint")
    settings = fingerprint.with_defaults()
    final = None if deployed is None else [weight / 10**18 for weight in deployed.weights]
    bundle = {
        "run_location": fingerprint.run_location(),
        "rule": settings["rule"],
        "tokens": settings["tokens"],
        "parameters": convert_parameter_values(params, settings, None, parameter_set, final, state),
        "weights": None if deployed is None else deployed.record(),
    }
    return bundle | {"digest": _digest(bundle)}


def check_bundle(bundle: Mapping[str, Any]) -> None:
    """Refuse a bundle that is not as it was exported.

    Raises:
        TypeError: if it is no mapping.
        ValueError: naming the digest.
    """
    doors.mapping("bundle", bundle, "an exported mapping")
    rest = {key: value for key, value in bundle.items() if key != "digest"}
    if bundle.get("digest") != _digest(rest):
        raise refusal("digest", bundle.get("digest"), f"is not that of what is exported, {_digest(rest)}")


def _digest(bundle: Mapping[str, Any]) -> str:
    return digest(json_line(bundle).encode())
