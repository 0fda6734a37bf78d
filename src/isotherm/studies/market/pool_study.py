"""What studies of one pool share: the files they read, when nothing is preset, and the package's markets."""

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from isotherm.studies.market.pool_config import PoolConfig
from isotherm.study.base import Study

PoolConfigT = TypeVar("PoolConfigT", bound=PoolConfig)

COINS: Mapping[str, Any] = {
    "tokens": ("BTC", "ETH", "SOL"),
    "rule": "momentum",
    "start": "2022-02-17 00:00:00",
    "max_memory_days": 14.0,
}
"""Three coins in spring 2022, by five minutes; from two weeks after their first price on."""

COINS_AND_TEST: Mapping[str, Any] = {
    **COINS,
    "end": "2022-04-07 00:00:00",
    "test_end": "2022-04-29 00:00:00",
    "memory_days": 5.0,
    "k_per_day": 20.0,
}
"""Seven weeks of them, and a test of three."""

ETHER: Mapping[str, Any] = {
    "market": "eth_1m_2022_uniswap",
    "tokens": ("ETH", "USD"),
    "rule": "momentum",
    "memory_days": 2.0,
    "fees": 0.0005,
}
"""Ether and cash in summer 2022, by the minute."""

_OF_THE_USER = ("prices", "fingerprint_file", "params_file")


class PoolStudy(Study[PoolConfigT]):
    """A study of one pool on prices; it has a preset ``own``, in which nothing is set."""

    def preset_of(self, given: Mapping[str, Any]) -> str:
        """``own`` where prices, settings or parameters are the user's: nothing else is then set."""
        return "own" if any(given.get(field) for field in _OF_THE_USER) else self.default_preset

    def inputs(self, config: PoolConfigT) -> Mapping[str, Path]:
        """Files that results depend on: settings, parameters, and the price file of each token."""
        from isotherm.studies.market.pool_inputs import pool_inputs

        with _named_as_given(config):
            return pool_inputs(config)

    def check(self, config: PoolConfigT) -> None:
        """Refuse settings, parameters and prices that do not fit, before any work."""
        with _named_as_given(config):
            self._check(config)

    @abstractmethod
    def _check(self, config: PoolConfigT) -> None:
        """Refuse what does not fit; settings may be called what fingerprints call them."""


@contextmanager
def _named_as_given(config: PoolConfig) -> Iterator[None]:
    """Let refusals call settings what the config calls them."""
    try:
        yield
    except ValueError as error:
        names = config.names()
        raise ValueError(re.sub(r"\w+", lambda word: names.get(word[0], word[0]), str(error))) from error
