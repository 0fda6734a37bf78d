"""Keys and fast bit streams."""

from isotherm.random.keys import named as named
from isotherm.random.keys import run_keys as run_keys
