"""``python -m isotherm`` is ``isotherm``."""

import sys

from isotherm.cli import main

if __name__ == "__main__":
    sys.exit(main())
