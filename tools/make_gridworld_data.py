"""Make the published curves and replays of the grid-world study from the reference files beside the project.

python tools/make_gridworld_data.py ../shared/reference
"""

import json
import sys
from pathlib import Path

import polars as pl

OUT = Path(__file__).parents[1] / "src" / "isotherm" / "data"


def curves(document: dict) -> pl.DataFrame:
    rows = []
    for scenario, found in document["scenarios"].items():
        for curve in found["curves"]:
            shared = isinstance(curve["alpha"], str)
            for learned in ("A", "B"):
                kl = curve.get(f"kl_{learned}")
                for block in range(found["num_blocks"] if kl else 0):
                    values = {
                        name: kl[name][block]
                        for name in ("mean", "sd", "ln_mean", "ln_sd", "q10", "median", "q90")
                    }
                    rows.append(
                        {
                            "scenario": int(scenario),
                            "alpha": None if shared else curve["alpha"],
                            "block": block + 1,
                            "learned": learned,
                            "n": curve["n"],
                            **values,
                            "tv": curve["tv_mean"][block],
                            "visited": curve["visited_mean"][block],
                            "entropy": curve["policy_entropy_mean"][block]
                            if "policy_entropy_mean" in curve
                            else None,
                        }
                    )
    return pl.DataFrame(rows)


def replays(document: dict) -> dict:
    found = {}
    for case in document["cases"]:
        if case["op"] == "gridworld_replay":
            given, wanted = case["inputs"], case["outputs"]
            found[str(given["scenario"])] = {"actions": given["actions"], **wanted}
    return found


def main() -> None:
    source = Path(sys.argv[1])
    read = lambda name: json.loads((source / name).read_text())  # noqa: E731
    table = curves(read("active_inference_gridworld_curves.json"))
    table.write_parquet(OUT / "gridworld_curves.parquet", compression="zstd")
    text = json.dumps(replays(read("active_inference_golden.json")), separators=(",", ":"))
    (OUT / "gridworld_replays.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
