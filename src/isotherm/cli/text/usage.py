"""What a verb says that was given nothing: how it is used, and a line that runs."""

import sys

RUN_SMOKE = "isotherm run routing --preset smoke"

START = f"""\
Isotherm: energy-based models, sampled, learned and acted with at an explicit temperature.

  {RUN_SMOKE}      a study, in seconds
  isotherm infer --example asia            answers about a model
  isotherm video ising --frames=60         a film of a magnet
  isotherm list                            all studies
  isotherm doctor                          whether all is well here

isotherm --help shows every verb, isotherm VERB --help its options."""

USES = {
    "run": ("STUDY [--preset NAME] [--FIELD=VALUE ...]", RUN_SMOKE),
    "infer": ("MODEL [--given NAME=VALUE ...]", "isotherm infer --example asia"),
    "show": ("RUN", f"{RUN_SMOKE} && isotherm show routing"),
    "compare": (
        "RUN RUN",
        "isotherm run tilt --preset smoke --out two && isotherm run tilt --preset smoke --seed=1 --out two "
        "&& isotherm compare two/tilt-*",
    ),
    "open": ("RUN", f"{RUN_SMOKE} && isotherm open routing"),
    "rm": ("RUN ... [--yes]", f"{RUN_SMOKE} && isotherm rm routing"),
    "export": ("SOURCE [--to FILE]", "isotherm backtest --preset smoke && isotherm export backtest"),
    "inspect": (
        "FILE",
        "isotherm backtest --preset smoke && isotherm export backtest --to pool.json && isotherm inspect pool.json",
    ),
    "video": ("NAME [--out FILE] [--FIELD=VALUE ...]", "isotherm video ising --frames=60 --out ising.mp4"),
    "picture": ("NAME [--out FILE.png] [--FIELD=VALUE ...]", "isotherm picture ising --size=128"),
    "data": ("check|fill|resample FILE ...", "isotherm data check {prices} --interval 5m"),
    "data check": ("FILE|FOLDER ... [--interval 1m]", "isotherm data check {prices} --interval 5m"),
    "data fill": (
        "FILE ... --out FILE",
        "isotherm data fill {prices} --interval 5m --out filled",
    ),
    "data resample": (
        "FILE ... --to 1h --out FILE",
        "isotherm data resample {prices} --to 1h --out hours",
    ),
}
"""What may follow each verb that wants something, and an example."""


def print_start() -> None:
    """What to try first."""
    print(START)  # noqa: T201


def print_use(verb: str) -> None:
    """How a verb is used, on standard error, since something was missing."""
    for line in (f"usage: isotherm {verb} {USES[verb][0]}", f"example: {example_of(verb)}"):
        print(line, file=sys.stderr)  # noqa: T201
    print(f"isotherm {verb.split()[0]} --help tells more", file=sys.stderr)  # noqa: T201


def example_of(verb: str) -> str:
    """A command that runs as it stands; of price files the package brings some."""
    example = USES[verb][1]
    if "{prices}" not in example:
        return example
    from isotherm.data.market_files import MARKET_FILES

    return example.format(prices=MARKET_FILES["crypto_5m_2022"].path)
