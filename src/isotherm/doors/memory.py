"""What one result may take of the machine's memory."""

import os
from typing import Any

from isotherm.errors import refusal

MEMORY_SHARE = 0.8
"""Part of the machine's memory that one result may take."""


def affordable(field: str, value: Any, num_bytes: float, mend: str) -> None:
    """Refuse what would not fit into memory, before anything is allocated.

    Args:
        field: the argument that asks for it.
        value: its value.
        num_bytes: what would be needed.
        mend: how to ask for less.

    Raises:
        ValueError: naming ``field``, what it takes, and how to ask for less.
    """
    if num_bytes > MEMORY_SHARE * machine_memory():
        there = f"{machine_memory() / 1e9:.3g} GB"
        raise refusal(field, value, f"would take {num_bytes / 1e9:.3g} GB of the machine's {there}; {mend}")


def machine_memory() -> float:
    """Bytes of physical memory."""
    return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
