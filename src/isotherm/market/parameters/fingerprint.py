"""Settings of a run of the market: checked, immutable, and named by the hash that other tools know."""

import copy
import hashlib
import itertools
import json
import warnings
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from isotherm import doors
from isotherm.errors import refusal, shortened
from isotherm.market.parameters import checks
from isotherm.market.parameters.defaults import recursive_default_set
from isotherm.market.parameters.encoding import hashable, plain
from isotherm.market.parameters.keys import BOOKKEEPING, CHECKS, DEFAULTS, NOT_READ_FORWARD


class Fingerprint(Mapping[str, Any]):
    """Settings of a run, an immutable mapping from setting to value.

    What is not given is not there: :meth:`with_defaults` fills the rest in. An explicit None counts as not given.
    NumPy and JAX numbers and arrays become numbers and lists.

    Args:
        **settings: any of :data:`~isotherm.market.parameters.keys.SETTINGS`.

    Raises:
        TypeError: naming a setting of another kind.
        ValueError: naming a setting that is unknown, with the nearest name, or out of range.

    >>> run = Fingerprint(tokens=["BTC", "ETH"], rule="momentum", chunk_period=60, weight_interpolation_period=60)
    >>> run["chunk_period"], run.with_defaults()["maximum_change"]
    (60, 0.0003)
    >>> run.run_location() == run.with_defaults().run_location()
    True
    """

    def __init__(self, **settings: Any) -> None:
        self._settings: dict[str, Any] = {key: plain(value, key) for key, value in settings.items()}
        unknown = unknown_settings(self._settings)
        if unknown:
            _refuse_unknown(unknown[0])
        check_run_fingerprint(self._settings)

    @classmethod
    def foreign(cls, settings: Mapping[str, Any]) -> "Fingerprint":
        """Settings that another tool wrote: unknown ones are kept, and a warning lists them.

        Args:
            settings: such as the first record of a result file.

        Raises:
            TypeError: naming a known setting of another kind.
            ValueError: naming a known setting that is out of range.
        """
        found = cls.__new__(cls)
        found._settings = plain(doors.mapping("fingerprint", settings, "a mapping of settings"))
        check_run_fingerprint(found._settings)
        unknown = unknown_settings(found._settings)
        if unknown:
            listed = shortened(", ".join(unknown))
            warnings.warn(f"fingerprint has settings that are not known: {listed}", stacklevel=2)
        return found

    def __getitem__(self, key: str) -> Any:
        return copy.deepcopy(self._settings[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)

    def __hash__(self) -> int:
        return hash(hashable(self._settings))

    def __repr__(self) -> str:
        return f"Fingerprint({', '.join(f'{key}={value!r}' for key, value in self._settings.items())})"

    def with_defaults(self) -> "Fingerprint":
        """The same with every setting that has a default."""
        found = copy.copy(self)
        found._settings = copy.deepcopy(self._settings)
        recursive_default_set(found._settings, DEFAULTS)
        return found

    def replaced(self, **settings: Any) -> "Fingerprint":
        """The same with other values of some settings, checked anew; settings that were kept unknown stay so.

        Raises:
            TypeError: as the constructor.
            ValueError: as the constructor.
        """
        found = copy.copy(self)
        found._settings = copy.deepcopy(self._settings) | plain(settings)
        unknown = [name for name in unknown_settings(found._settings) if name not in unknown_settings(self)]
        if unknown:
            _refuse_unknown(unknown[0])
        check_run_fingerprint(found._settings)
        return found

    def run_location(self) -> str:
        """``run_`` and the SHA-256 of the settings with defaults and without bookkeeping keys."""
        return get_run_location(self.with_defaults())

    def forward_settings(self) -> Hashable:
        """What a forward pass reads, as sorted pairs that can be hashed: equal settings share a compiled function."""
        settings = self.with_defaults()._settings
        return hashable({key: value for key, value in settings.items() if key not in NOT_READ_FORWARD})


def check_run_fingerprint(fingerprint: Mapping[str, Any]) -> None:
    """Refuse settings that are out of range, or do not fit each other once defaults are filled in.

    Args:
        fingerprint: settings; unknown ones are not looked at, and None counts as absent.

    Raises:
        TypeError: naming a setting of another kind.
        ValueError: naming a setting and what is allowed.

    >>> check_run_fingerprint({"chunk_period": 60, "weight_interpolation_period": 120})
    Traceback (most recent call last):
    ValueError: weight_interpolation_period = 120: should be at most chunk_period, 60
    """
    settings = plain(doors.mapping("fingerprint", fingerprint, "a mapping of settings"))
    _check_each(settings, CHECKS, "")
    recursive_default_set(settings, DEFAULTS)
    period, interpolation = settings["chunk_period"], settings["weight_interpolation_period"]
    if interpolation > period:
        raise refusal(
            "weight_interpolation_period", interpolation, f"should be at most chunk_period, {period}"
        )
    num_tokens, least = len(settings["tokens"]), settings["minimum_weight"]
    if least is not None and not least * num_tokens < 1:
        raise refusal(
            "minimum_weight", least, f"should be below 1/{num_tokens}, there are {num_tokens} tokens"
        )
    _check_dates(settings)


def unknown_settings(settings: Mapping[str, Any]) -> list[str]:
    """Names of settings that are not known, those within others with a dot."""
    return _unknown(settings, CHECKS, "", BOOKKEEPING)


def get_run_location(fingerprint: Mapping[str, Any]) -> str:
    """``run_`` and the SHA-256 of the JSON of settings as they are, keys sorted, without bookkeeping keys.

    Args:
        fingerprint: settings; NumPy and JAX numbers and arrays count as numbers and lists.

    Raises:
        TypeError: naming a value that JSON has no word for.

    >>> get_run_location({"b": 1, "a": None})[:12]
    'run_84950323'
    """
    return "run_" + hashlib.sha256(canonical_json(fingerprint).encode()).hexdigest()


def canonical_json(fingerprint: Mapping[str, Any]) -> str:
    """The text whose SHA-256 names a run.

    >>> canonical_json({"fees": 0.003, "chunk_period": 60, "alphabetic": True})
    '{"chunk_period": 60, "fees": 0.003}'
    """
    named = {key: value for key, value in fingerprint.items() if key not in BOOKKEEPING}
    return json.dumps(plain(named), sort_keys=True)


def _check_each(settings: Mapping[str, Any], known: Mapping[str, Any], prefix: str) -> None:
    for key, value in settings.items():
        check, field = known.get(key), prefix + key
        if check is None or value is None:
            continue
        if isinstance(check, Mapping):
            checks.mapping(field, value)
            _check_each(value, check, f"{field}.")
        else:
            check(field, value)


def _check_dates(settings: Mapping[str, Any]) -> None:
    fields = ("startDateString", "endDateString", "endTestDateString")
    given = [(field, settings[field]) for field in fields if settings[field] is not None]
    for (before, earlier), (field, later) in itertools.pairwise(given):
        if not earlier < later:
            raise refusal(field, later, f"must be after {before}, {earlier}")


def _unknown(
    settings: Mapping[str, Any], known: Mapping[str, Any], prefix: str, besides: tuple[str, ...] = ()
) -> list[str]:
    found = [prefix + key for key in settings if key not in known and key not in besides]
    for key, inner in known.items():
        if isinstance(inner, Mapping) and isinstance(settings.get(key), Mapping):
            found += _unknown(settings[key], inner, f"{prefix}{key}.")
    return found


def _refuse_unknown(name: str) -> None:
    outer, _, _ = name.rpartition(".")
    known: Any = CHECKS
    for part in filter(None, outer.split(".")):
        known = known[part]
    checks.known(outer or "settings", {name.rpartition(".")[2]: None}, known)
