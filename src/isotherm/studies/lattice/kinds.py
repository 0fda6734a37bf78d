"""Kinds of fields that the studies of lattices share."""

from typing import Annotated

from pydantic import Field

Size = Annotated[int, Field(ge=4, le=4096, multiple_of=2)]
Sizes = Annotated[tuple[Size, ...], Field(min_length=1)]
"""Extents of square lattices, even so that two colours suffice."""

Temperature = Annotated[float, Field(gt=0, le=100)]
Temperatures = Annotated[tuple[Temperature, ...], Field(min_length=2)]

Count = Annotated[int, Field(ge=2, le=10_000_000)]
"""Chains, blocks or draws: errors need two."""
