"""Settings of the comparison with recorded flow."""

from typing import Annotated

from pydantic import Field

from isotherm.settings.config import Config

FIRST, LAST = "2022-07-19 00:00:00", "2022-08-22 23:59:00"
"""What is recorded without a break."""

FEE = 0.0005
"""Of the recorded pool."""


class FlowConfig(Config):
    """Settings of the comparison; the defaults are the published ones.

    Recorded are all swaps of the 5 bp pool of USDC and WETH on Polygon, minute by minute, from 19 July to 22 August
    2022, and the liquidity that was in range. The simulated pool has constant weights of a half, the same fee, and at
    each minute the depth of the recorded one: its reserves are ``L / sqrt(p)`` and ``L sqrt(p)``. Arbitrageurs bring
    it to the recorded price wherever that pays.
    """

    num_days: Annotated[int, Field(ge=2, le=35)] = 35
    """Days from the first on."""

    fees: Annotated[float, Field(gt=0, lt=1)] = FEE
    """Swap fee of the simulated pool."""

    noise_trader_ratio: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """Volume of traders who do not look at prices, over that of arbitrage, in the simulated pool."""

    arb_frequency: Annotated[int, Field(ge=1, le=1440)] = 1
    """Minutes between arbitrageurs."""
