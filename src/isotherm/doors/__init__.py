"""Door checks: what public functions ask of their arguments before any work, each refused in one line.

Traced values pass: inside ``jit`` and ``vmap`` nothing can be known of them. Nothing here imports JAX, unless an
argument is a key of it.
"""

from isotherm.doors.arrays import is_real_dtype as is_real_dtype
from isotherm.doors.arrays import real_array as real_array
from isotherm.doors.arrays import real_numbers as real_numbers
from isotherm.doors.arrays import regular as regular
from isotherm.doors.bounds import MAX_COUNT as MAX_COUNT
from isotherm.doors.bounds import Bound as Bound
from isotherm.doors.bounds import is_number as is_number
from isotherm.doors.bounds import is_traced as is_traced
from isotherm.doors.bounds import number as number
from isotherm.doors.bounds import numbers as numbers
from isotherm.doors.bounds import whole as whole
from isotherm.doors.kinds import MAX_SEED as MAX_SEED
from isotherm.doors.kinds import choice as choice
from isotherm.doors.kinds import entries as entries
from isotherm.doors.kinds import file_path as file_path
from isotherm.doors.kinds import first_repeated as first_repeated
from isotherm.doors.kinds import flag as flag
from isotherm.doors.kinds import function as function
from isotherm.doors.kinds import instance as instance
from isotherm.doors.kinds import mapping as mapping
from isotherm.doors.kinds import random_key as random_key
from isotherm.doors.kinds import sequence as sequence
from isotherm.doors.kinds import text as text
from isotherm.doors.kinds import words as words
from isotherm.doors.memory import MEMORY_SHARE as MEMORY_SHARE
from isotherm.doors.memory import affordable as affordable
from isotherm.doors.memory import machine_memory as machine_memory
