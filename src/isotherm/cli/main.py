"""The command line. Verbs import what they need when they are called, so that help comes at once."""

import os
import re
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from isotherm.study.run.interrupts import signals_interrupt

_INTERRUPTED = 130
_LONGEST = 280
_DEVICES = ("auto", "cpu", "gpu")
_HELP = """Isotherm: energy-based models, sampled, learned and acted with at an explicit temperature.

\b
  isotherm list                            what can be run
  isotherm run routing --preset smoke      run a study; the same command resumes it
  isotherm run routing --help              every setting of a study, with its range
  isotherm runs                            what has been run
  isotherm show routing                    the newest run's tables again
  isotherm compare routing-3f routing-a1   two runs, number by number
  isotherm infer model.uai                 marginals, log Z and the most probable state of a model
  isotherm video --list                    videos of lattice models, by name
  isotherm video xy-massive                make one; isotherm video --help shows every setting
  isotherm picture --list                  pictures of lattice models in equilibrium, by name

\b
Every setting of a study is a flag, --field=value; --config FILE.toml gives defaults that flags override.
Exit codes: 0 done, 1 failed, 2 bad input (one line says what is allowed), 130 interrupted."""

app = typer.Typer(help=_HELP, rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="The store of runs.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]
STORE = Path("runs")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code.

    Without arguments those of the process are taken, which then ends: signals stay in hand until it does.
    """
    if arguments is not None:
        return _run(list(arguments))
    if not sys.warnoptions:  # what libraries warn of is for programmers, who ask for it by -W
        warnings.simplefilter("ignore")
    with signals_interrupt(is_last=True):
        code = _run(sys.argv[1:])
        clock = sys.modules.get("isotherm.infer.clock")
        if clock is not None and clock.is_given_up_running():
            _end_at_once(code)
        return code


def _end_at_once(code: int) -> None:
    """Where compiled work still runs that was given up: an orderly end would wait for it, or break on it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run(words: list[str]) -> int:
    try:
        if words[:1] == ["run"] and "--help" in words[2:]:
            return _study_help(words[1])
        if words[:1] in (["video"], ["picture"]) and "--help" in words[1:]:
            return _help_of(words[0])
        code = app(words or ["--help"], prog_name="isotherm", standalone_mode=False)
        sys.stdout.flush()
        if code == _INTERRUPTED:  # typer's own answer to Ctrl-C
            return _refuse("interrupted", _INTERRUPTED)
    except typer.TyperException as error:
        return _refuse(getattr(error, "format_message", error.__str__)(), 2)
    except ValueError as error:
        return _refuse(str(error), 2)
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except (KeyboardInterrupt, typer.Abort):
        return _refuse("interrupted", _INTERRUPTED)
    except Exception as error:
        from isotherm.study.run.executor import TaskError
        from isotherm.study.run.session import InterruptedRunError

        if isinstance(error, InterruptedRunError):
            print(error, file=sys.stderr)  # noqa: T201
            return _INTERRUPTED
        if isinstance(error, OSError) and error.filename is not None:
            return _refuse(f"{error.filename}: {error.strerror}", 1)
        if isinstance(error, TaskError | OSError):
            return _refuse(str(error), 1)
        raise
    return code if isinstance(code, int) else 0


def _study_help(name: str) -> int:
    from isotherm.cli.text.runs import print_study_help

    print_study_help(_study(name))
    return 0


def _help_of(verb: str) -> int:
    from isotherm.cli.text import film as video_text
    from isotherm.cli.text import still as picture_text

    {"picture": picture_text, "video": video_text}[verb].print_help()
    return 0


def _refuse(message: str, code: int) -> int:
    """One plain line on standard error, the middle of a long one left out: its end says what is allowed."""
    _say("error", message)
    return code


def _say(kind: str, message: str, longest: int = _LONGEST) -> None:
    from isotherm.errors import printable, shortened

    line = shortened(printable(" ".join(message.split())), longest, head=longest // 2 - 5)
    print(f"{kind}: {line}", file=sys.stderr)  # noqa: T201


def _print_version(is_asked: bool) -> bool:
    if is_asked:
        from importlib.metadata import version

        print(f"isotherm {version('isotherm')}")  # noqa: T201
        raise typer.Exit
    return is_asked


def _print_json(value: Any) -> None:
    from isotherm.errors import printable_json

    print(printable_json(value))  # noqa: T201


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command("list")
def list_studies(as_json: AsJson = False) -> None:
    """Show what can be run."""
    studies = _studies()
    if as_json:
        keys = ("name", "title", "summary", "default_preset")
        listed = [{key: getattr(study, key) for key in keys} for study in studies]
        for entry, study in zip(listed, studies, strict=True):
            entry["presets"] = list(study.presets)
        _print_json({"studies": listed})
        return
    from isotherm.cli.text.runs import print_studies

    print_studies(studies)


@app.command("run", context_settings={"ignore_unknown_options": True})
def run_study(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study's name, or module:Class.")],
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="SETTING", help="--FIELD=VALUE, any of the study's.")
    ] = None,
    preset: Annotated[str | None, typer.Option(metavar="NAME", help="The settings to begin with.")] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="Settings from a file.")] = None,
    out: Out = STORE,
    workers: Annotated[
        str, typer.Option(metavar="N", help="Worker processes, or auto: one a core.")
    ] = "auto",
    device: Annotated[str, typer.Option(metavar="auto|cpu|gpu", help="Where JAX computes.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Run a study, or resume it.

    `isotherm run STUDY --help` lists the study's settings, with ranges. Finished work is kept: the same
    command takes up an interrupted run, and shows a finished one again.
    """
    if study.startswith("-"):
        raise ValueError("STUDY: comes first, as in `isotherm run routing`; `isotherm list` shows them all")
    from isotherm.cli.text.runs import print_run
    from isotherm.settings.layers import build_config, read_flags
    from isotherm.study.run.runner import run

    found, pool = _study(study), _pool(workers, device)
    values = build_config(found, preset, config, read_flags(type(found).config, settings or []))
    begun_with, command = preset or found.default_preset, ["isotherm", *sys.argv[1:]]
    done = run(found, values, out, pool=pool, preset=begun_with, command=command)
    _print_json(done.to_json()) if as_json else print_run(done)


@app.command("runs")
def list_runs(out: Out = STORE, as_json: AsJson = False) -> None:
    """List the runs of a store."""
    from dataclasses import asdict

    from isotherm.cli.text.runs import print_runs
    from isotherm.study.run.archive import list_runs

    rows = [] if out == STORE and not out.exists() else list_runs(out)
    if not as_json:
        print_runs(rows, out)
        return
    shown = [{name: value for name, value in asdict(row).items() if name != "identity"} for row in rows]
    _print_json({"runs": shown})


@app.command("show")
def show_run(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Id, start of an id, folder, or study (its newest).")
    ],
    out: Out = STORE,
    as_json: AsJson = False,
) -> None:
    """Show a finished run again.

    Its files are verified first; what does not match its digest is set aside and made again. Of a study that is
    not registered here, the stored numbers are shown, and nothing in the folder is imported or changed.
    """
    from isotherm.cli.text.runs import print_run
    from isotherm.study.run.archive import find_run, open_run

    found = open_run(find_run(run, out))
    _print_json(found.to_json()) if as_json else print_run(found)


@app.command("compare")
def compare(
    first: Annotated[str, typer.Argument(metavar="RUN", help="As for show.")],
    second: Annotated[str, typer.Argument(metavar="RUN", help="As for show.")],
    out: Out = STORE,
    as_json: AsJson = False,
) -> None:
    """Compare two runs, number by number.

    Shows the settings that differ, and every number that both have, with differences in standard errors.
    """
    from isotherm.cli.text.runs import print_tables
    from isotherm.study.run.archive import find_run, open_run
    from isotherm.study.run.compare import compare_runs, comparison_tables

    comparison = compare_runs(open_run(find_run(first, out)), open_run(find_run(second, out)))
    _print_json(comparison) if as_json else print_tables(comparison_tables(comparison))


@app.command("infer")
def infer_model(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, plain or packed (.gz, .xz).")],
    evidence: Annotated[
        Path | None, typer.Option(metavar="FILE", help="UAI evidence, or lines NAME=VALUE.")
    ] = None,
    given: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="One observation; may be repeated.")
    ] = None,
    sample: Annotated[
        str | None, typer.Option(metavar="K", help="Of an evidence file with several samples, from 1.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="uai|bif|xmlbif|wcsp|cfn|cnf|bqm|bqm-json|coo|coo-spin|coo-binary|edges",
            help="Of MODEL; told by header or suffix.",
        ),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(
            metavar="marginals|z|map|samples", help="What to answer; may be repeated. [marginals, z, map]"
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="auto|exact|gibbs|tempering|swendsen-wang|blocking|ais",
            help="auto: exact where tractable.",
        ),
    ] = "auto",
    beta: Annotated[str, typer.Option(metavar="B", help="Inverse temperature.")] = "1.0",
    draws: Annotated[
        str, typer.Option(metavar="N", help="Samples to print; draws of all chains where sampled.")
    ] = "10000",
    seed: Annotated[str, typer.Option(metavar="S", help="Of everything random, below 2^32.")] = "0",
    time_limit: Annotated[
        str, typer.Option("--time-limit", metavar="SECONDS", help="For what is searched or sampled.")
    ] = "60",
    as_json: AsJson = False,
    as_uai: Annotated[bool, typer.Option("--uai", help="The UAI competitions' result format.")] = False,
) -> None:
    """Answer a model file: marginals, log Z, the most probable state, samples.

    Read are UAI models, Bayesian networks (BIF, XMLBIF), cost functions (WCSP, CFN), DIMACS CNF, dimod's files and
    edge lists; what was read is said. Exact where that takes at most about a minute and 4 GB; else searched and
    sampled within the time limit, with standard errors and what is proven. The method and the reason are said. With
    --json, values count from 0 in the order of a table.
    """
    from isotherm.cli.text.answer import print_answer, uai_text
    from isotherm.energy.files.numbers import decimal, whole
    from isotherm.errors import refusal
    from isotherm.infer.infer import infer

    if as_json and as_uai:
        raise refusal("--uai", True, "choose one of --json and --uai")
    answer = infer(
        model,
        evidence,
        task or ("marginals", "z", "map"),
        method,
        decimal("beta", beta),
        whole("draws", draws),
        whole("seed", seed),
        form=form,
        given=given or (),
        sample=None if sample is None else whole("sample", sample),
        time_limit=decimal("time_limit", time_limit),
        is_progress_shown=True,
    )
    for warning in answer.warnings:
        _say("warning", warning, 4 * _LONGEST)
    if as_json:
        _print_json(answer.to_json())
    elif as_uai:
        print(uai_text(answer))  # noqa: T201
    else:
        print_answer(answer)


@app.command("video", context_settings={"ignore_unknown_options": True})
def video(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A model or a preset.")] = None,
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="SETTING", help="--FIELD=VALUE, any of a video's.")
    ] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="Settings from a file.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="NAME.mp4 unless said.")] = None,
    is_list: Annotated[bool, typer.Option("--list", help="Show the names.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a video of a lattice model, or of the Mandelbrot set (deterministic iteration, not sampling).

    `isotherm video --help` lists the settings. The file appears when it is whole.
    """
    from isotherm.errors import refusal
    from isotherm.pictures.fractal.config import FILM_TITLES, FILMS
    from isotherm.pictures.lattice.config import TITLES, VideoConfig, build_config
    from isotherm.settings.config import unknown_name
    from isotherm.settings.layers import read_flags, read_toml

    if is_list:
        from isotherm.cli.text.film import print_videos

        _print_json({"videos": {**TITLES, **FILM_TITLES}}) if as_json else print_videos()
        return
    if name is None or name.startswith("-"):
        raise ValueError(
            "NAME: comes first, as in `isotherm video xy-massive`; `isotherm video --list` shows all"
        )
    if name not in (known := [*TITLES, *FILM_TITLES]):
        raise refusal("NAME", name, f"is no model and no video; {unknown_name(name, known)}")
    file = read_toml(config) if config else {}
    if name in FILMS:
        _film(name, file, settings or [], out, as_json)
        return
    built = build_config(name, file, read_flags(VideoConfig, settings or []))
    from isotherm.cli.text.film import print_report
    from isotherm.pictures.lattice.film import make_video, suffix_of

    report = make_video(built, out or Path(name + suffix_of(built)))
    _print_json(report.to_json()) if as_json else print_report(report)


@app.command("picture", context_settings={"ignore_unknown_options": True})
def picture(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A model, a picture or a study's figure.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="SETTING", help="--FIELD=VALUE, any of a picture's.")
    ] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="Settings from a file.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.png", help="NAME.png unless said.")] = None,
    preset: Annotated[str, typer.Option(metavar="NAME", help="Of the study, for its figures.")] = "published",
    store: Annotated[
        Path, typer.Option(metavar="DIR", help="The store of runs, for a study's figures.")
    ] = STORE,
    workers: Annotated[
        str, typer.Option(metavar="N", help="Worker processes of the study, or auto.")
    ] = "auto",
    device: Annotated[str, typer.Option(metavar="auto|cpu|gpu", help="Where the study computes.")] = "auto",
    is_list: Annotated[bool, typer.Option("--list", help="Show the names.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a picture of a lattice model in equilibrium, or of the Mandelbrot set (iteration, not sampling).

    `isotherm picture --help` lists the settings. The file appears when it is whole.
    """
    from isotherm.pictures.from_study import find_kind, still_names
    from isotherm.pictures.still_config import TITLES

    if is_list:
        from isotherm.cli.text.still import print_pictures

        listed = {"pictures": dict(TITLES), "figures": still_names(preset)}
        _print_json(listed) if as_json else print_pictures(preset)
        return
    if name is None or name.startswith("-"):
        raise ValueError(
            "NAME: comes first, as in `isotherm picture ising-critical`; `isotherm picture --list` shows all"
        )
    path = out or Path(name + ".png")
    if find_kind(name, preset) == "still":
        given = [*(settings or []), *(["--config"] if config else [])]
        _copy_still(name, given, path, preset, store, _pool(workers, device), as_json)
    else:
        _draw_picture(name, settings or [], config, path, as_json)


def _copy_still(
    name: str, settings: list[str], out: Path, preset: str, store: Path, pool: Any, as_json: bool
) -> None:
    from isotherm.cli.text.still import print_still
    from isotherm.errors import refusal
    from isotherm.pictures.from_study import make_still

    if settings:
        allowed = (
            f"{name} is a figure of the study phase-diagrams; it takes --preset, and a run of it any setting"
        )
        raise refusal("SETTING", settings[0], allowed)
    run, size, seconds = make_still(name, out, preset, store, pool, ["isotherm", *sys.argv[1:]])
    found = {"path": str(out), "bytes": size, "seconds": round(seconds, 3), "run": str(run.path)}
    found |= {"computed": run.facts["finished"], "shown_again": run.is_again}
    _print_json(found) if as_json else print_still(out, run, size, seconds)


def _draw_picture(name: str, settings: list[str], config: Path | None, out: Path, as_json: bool) -> None:
    from isotherm.pictures.still_config import FRACTALS, MandelbrotConfig, PictureConfig, build_picture
    from isotherm.settings.layers import read_flags, read_toml

    flags = read_flags(MandelbrotConfig if name in FRACTALS else PictureConfig, settings)
    built = build_picture(name, read_toml(config) if config else {}, flags)
    from isotherm.cli.text.still import print_picture
    from isotherm.pictures.still import make_picture

    report = make_picture(built, out)
    if not report.is_settled:
        _say("warning", report.notes[-1], 4 * _LONGEST)
    _print_json(report.to_json()) if as_json else print_picture(report)


def _film(name: str, file: dict[str, Any], settings: list[str], out: Path | None, as_json: bool) -> None:
    from isotherm.pictures.fractal.config import FractalConfig, build_fractal
    from isotherm.settings.layers import read_flags

    built = build_fractal(name, file, read_flags(FractalConfig, settings))
    from isotherm.cli.text.film import print_film
    from isotherm.pictures.fractal.film import make_film
    from isotherm.plot.movie.codecs import CODECS

    report = make_film(built, out or Path(name + CODECS[built.codec or "h264"].suffix))
    _print_json(report.to_json()) if as_json else print_film(report)


def _studies() -> list[Any]:
    """Those registered; one that an installed package adds and that cannot be imported is told of, and left out."""
    from isotherm.study.registry import find_study, registered
    from isotherm.study.store.folder import report_fault

    found = []
    for name in registered():
        try:
            found.append(find_study(name))
        except ValueError as error:
            report_fault(str(error))
    return found


def _study(name: str) -> Any:
    """The study; one of the user's own may lie in the working folder."""
    from isotherm.study.registry import find_study

    if ":" in name and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    return find_study(name)


def _pool(workers: str, device: str) -> Any:
    from isotherm.errors import refusal
    from isotherm.study.run.executor import Pool

    if device not in _DEVICES:
        raise refusal("device", device, f"should be one of {', '.join(_DEVICES)}")
    if workers == "auto":
        return Pool(None, device)
    if not re.fullmatch("0*[1-9][0-9]{0,3}", workers):
        raise refusal("workers", workers, "should be auto or a whole number, at least 1 and below 10000")
    return Pool(int(workers), device)
