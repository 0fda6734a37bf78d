"""Kinds of fields that configs share: the same bounds under one name."""

from typing import Annotated

from pydantic import Field

Seed = Annotated[int, Field(ge=0, lt=2**31)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Sweeps = Annotated[int, Field(ge=0, le=1_000_000)]
"""Steps of a warm-up, say, which may be none."""

Share = Annotated[float, Field(ge=0, le=1)]
Extent = Annotated[int, Field(ge=4, le=1024)]
"""Of a square lattice."""
