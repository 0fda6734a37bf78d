"""Kill a run at its first call that changes the disk, a resumed one at its second, and so on until one ends.

``python -m tests.support.crash_everywhere STORE``; the chunks are there already, so that no workers are
needed. Prints how often it had to be killed. Each life is a fork, for speed.
"""

import itertools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.toy_study import Coins, CoinsConfig

from isotherm.study.run.executor import Pool
from isotherm.study.run.runner import run

CALLS = ("fsync", "replace", "rename", "unlink")


def die_at(number: int) -> None:
    """From now on, end this process at the n-th call, before it takes effect."""
    counter = itertools.count()

    def mortal(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **keywords: Any) -> Any:
            if next(counter) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **keywords)

        return wrapped

    for name in CALLS:
        setattr(os, name, mortal(getattr(os, name)))


def main(store: Path) -> None:
    run(Coins(), CoinsConfig(), store / "first", pool=Pool(1))  # so that forks need import nothing
    for number in itertools.count():
        child = os.fork()
        if child == 0:
            die_at(number)
            run(Coins(), CoinsConfig(), store)
            os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            sys.stdout.write(f"{number}\n")
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
