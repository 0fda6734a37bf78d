"""``python -m isotherm`` is ``isotherm``."""

import sys

from isotherm.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
