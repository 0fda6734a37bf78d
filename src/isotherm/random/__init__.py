"""Keys and fast bit streams."""

from isotherm.random import threefry as _threefry
from isotherm.random.keys import named as named
from isotherm.random.keys import run_keys as run_keys

_threefry.write_out()
