"""Tables and sentences of the study of choices."""

from collections.abc import Mapping
from typing import Any

from isotherm.studies.choices.config import LEAST_P, LEAST_R, TASKS, ChoicesConfig
from isotherm.study.tables import Estimate, Table
from isotherm.study.ties import best_and_tied, sign, tied_with

Metrics = Mapping[str, Any]


def tables(metrics: Metrics) -> list[Table]:
    """Recovery, then nats a choice and paired differences of each set of recorded choices."""
    found = [_recovery(metrics["recovery"])]
    for task, part in metrics["tasks"].items():
        found.append(_nats(task, part))
    return found


def _recovery(part: Metrics) -> Table:
    rows = tuple(
        (
            row["parameter"],
            Estimate(**row["r"]),
            row["contraction"],
            row["chi2"],
            row["p"],
            row["rhat"],
            row["ess"],
        )
        for row in part["parameters"]
    )
    columns = ("parameter", "r", "contraction", "chi2", "p", "largest R-hat", "smallest ESS")
    note = (
        f"{part['num_subjects']} simulated subjects. r: between true values and posterior means on the scale of the "
        "priors (logarithm, or log odds of forgetting), ± its error (subjects). Contraction: share of the prior "
        f"variance that choices take away. chi2 and p: of ranks of the truth among {part['num_ranked']} draws. "
        f"{part['diverging']:.2%} of trajectories diverged"
    )
    return Table("Recovery and calibration of simulated subjects", columns, rows, note)


def _nats(task: str, part: Metrics) -> Table:
    rows = tuple(
        (label, Estimate(**nats), Estimate(**part["lead"][label]) if label in part["lead"] else None)
        for label, nats in part["nats"].items()
    )
    who = f"{part['people']} people" if part["people"] > 1 else "one sequence"
    note = (
        f"{who}, {part['choices']:,} choices; mean log probability of a held-out choice, the larger the better, ± "
        f"standard error ({part['unit']}); differences are paired"
    )
    if part["people"] == 1:
        note += "; errors over stretches of trials tell nothing about other people"
    return Table(
        f"Held-out nats a choice: {TASKS[task]}", ("", "nats", "active inference ahead by"), rows, note
    )


def conclusions(config: ChoicesConfig, metrics: Metrics) -> list[str]:
    """Who foretells best, whether parameters come back, and what cannot be told apart."""
    said = [_winner(task, part) for task, part in metrics["tasks"].items()]
    recovery = metrics["recovery"]
    said.append(_recovered(recovery))
    said.append(_calibrated(recovery))
    said.append(
        "Not identifiable: alpha and gamma apart, so that their product is reported. With alpha doubled and gamma "
        f"halved log likelihoods move by at most {recovery['apart']:.1g} nats, with alpha doubled alone by "
        f"{recovery['sharper']:,.0f} on average. Nor the strength of all preferences together, which multiplies "
        "gamma where nothing but utility counts: a win is worth 1 nat."
    )
    weak = [row for row in recovery["parameters"] if not row["is_identified"]]
    if weak:
        names = ", ".join(f"{row['parameter']} ({row['contraction']:.0%})" for row in weak)
        said.append(f"Hardly identified, with less than half the prior variance taken away: **{names}**.")
    if not config.two_step:
        said.append(
            "The two-step task was not asked for: its licence keeps it out of the package; `--two-step=PATH` reads "
            "it."
        )
    return said


def _winner(task: str, part: Metrics) -> str:
    nats = part["nats"]
    best, *tied = best_and_tied(_against_active(part), lowest=False)
    text = (
        f"{TASKS[task].capitalize()}: **{best}** foretells choices best{tied_with(tied)}, "
        f"{nats[best]['mean']:.4f} nats a choice"
    )
    against = [label for label in part["lead"] if label != "chance"]
    parts = []
    for label in against:
        found = part["lead"][label]
        word = {1: "ahead of", -1: "behind", 0: "level with"}[sign(found)]
        error = "" if found["se"] is None else f" ± {found['se']:.4f}"
        by = f"by {abs(found['mean']):.4f}{error}" if sign(found) else f"({found['mean']:+.4f}{error})"
        parts.append(f"{word} {label} {by}")
    return f"{text}; active inference is {', '.join(parts)} ({part['unit']}: {nats[best]['n']})."


def _against_active(part: Metrics) -> dict[str, Any]:
    """What each agent is ahead of active inference, paired; the errors of such differences are the smallest known."""
    (active,) = part["nats"].keys() - part["lead"].keys()
    count = part["nats"][active]["n"]
    ahead = {label: one | {"mean": -one["mean"]} for label, one in part["lead"].items()}
    return {active: {"mean": 0.0, "se": None if count < 2 else 0.0, "n": count}} | ahead


def _recovered(recovery: Metrics) -> str:
    first = recovery["parameters"][0]
    r = first["r"]["mean"]
    verdict = "at least" if r >= LEAST_R else "**below**"
    others = ", ".join(f"{row['parameter']} {row['r']['mean']:.2f}" for row in recovery["parameters"][1:])
    return (
        f"Recovery: r = **{r:.3f}** for {first['parameter']} over {recovery['num_subjects']} simulated subjects, "
        f"{verdict} the {LEAST_R} asked for; {others}."
    )


def _calibrated(recovery: Metrics) -> str:
    wrong = [row["parameter"] for row in recovery["parameters"] if not row["p"] > LEAST_P]
    least = min(row["p"] for row in recovery["parameters"])
    if wrong:
        return f"Calibration: **ranks of {', '.join(wrong)} are not uniform**, chi-square p = {least:.2g}."
    return f"Calibration: ranks of all parameters are uniform as far as chi-square tells, smallest p = {least:.2f}."
