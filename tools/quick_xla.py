"""The flag by which XLA compiles quickest, where it is known: ``python tools/quick_xla.py`` prints it, or nothing.

The older emitter of fused loops compiles in two thirds of the time; what it makes runs up to four times slower. Tests
mostly compile. XLA ends a process that names a flag which it does not know, so that another one tries.
"""

import os
import subprocess
import sys

FLAG = "--xla_cpu_use_fusion_emitters=false"


def flags() -> str:
    """What tests set ``XLA_FLAGS`` to."""
    told = os.environ | {"XLA_FLAGS": FLAG}
    tried = subprocess.run([sys.executable, "-c", "import jax; jax.devices()"], env=told, capture_output=True)
    return "" if tried.returncode else FLAG


if __name__ == "__main__":
    print(flags())
