"""The command line. Verbs import what they need when they are called, so that help comes at once."""

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated

import typer

from isotherm.cli.compare import compare
from isotherm.cli.data import data
from isotherm.cli.doctor import doctor
from isotherm.cli.export import export
from isotherm.cli.infer import infer_model
from isotherm.cli.inspect import inspect
from isotherm.cli.list import list_studies
from isotherm.cli.open import open_report
from isotherm.cli.options import say, study_of
from isotherm.cli.picture import picture
from isotherm.cli.rm import remove
from isotherm.cli.run import run_study
from isotherm.cli.runs import list_runs
from isotherm.cli.show import show_run
from isotherm.cli.text.usage import USES, print_use
from isotherm.cli.verbs import STUDY_VERBS, SettingsCommand, Verbs
from isotherm.cli.video import video
from isotherm.files.programs import keep_programs
from isotherm.study.run.interrupts import signals_interrupt

_INTERRUPTED = 130
_HELP = """Isotherm: energy-based models, sampled, learned and acted with at an explicit temperature.

\b
  isotherm list                            what can be run
  isotherm run routing --preset smoke      run a study; the same command resumes it
  isotherm run routing --help              every setting of a study, with its range
  isotherm backtest --help                 a strategy on prices; short for: isotherm run backtest
  isotherm train --help                    train a strategy; isotherm train resumes where it was stopped
  isotherm walk-forward --help             train again and again, tested on days that no training saw
  isotherm tune --help                     choose settings of training by such walks, trial after trial
  isotherm ensemble --help                 draw strategies in the place of the best, and see what prices determine
  isotherm runs                            what has been run
  isotherm show routing                    the newest run's tables again
  isotherm compare routing-3f routing-a1   two runs, number by number
  isotherm open routing                    the newest run's report in the browser
  isotherm rm routing-3f                   delete a run; asks first
  isotherm infer --example asia            marginals, log Z and the most probable state of a model
  isotherm infer model.uai                 the same of a model in a file
  isotherm video --list                    videos of lattice models, by name
  isotherm video xy-massive                make one; isotherm video --help shows every setting
  isotherm picture --list                  pictures of lattice models in equilibrium, by name
  isotherm data check prices/              price files: gaps, duplicates, units; also data fill, data resample
  isotherm export backtest --to pool.json  a pool for deployment, of a run or of a result file
  isotherm inspect pool.json               what a result file or such a bundle holds
  isotherm doctor                          versions, devices, cores, disk, codecs: whether all is well here

\b
Every setting of a study is a flag, --field=value; --config FILE.toml gives defaults that flags override.
Exit codes: 0 done, 1 failed, 2 bad input (one line says what is allowed), 130 interrupted."""

_COMPUTING = ("run", "infer", "video", "picture")
"""Verbs that compile something."""

app = typer.Typer(cls=Verbs, help=_HELP, rich_markup_mode=None, pretty_exceptions_enable=False)


for _name, _verb in (
    ("list", list_studies),
    ("run", run_study),
    ("runs", list_runs),
    ("show", show_run),
    ("compare", compare),
    ("open", open_report),
    ("rm", remove),
    ("infer", infer_model),
    ("video", video),
    ("picture", picture),
    ("export", export),
    ("inspect", inspect),
    ("doctor", doctor),
):
    if _name in ("run", "video", "picture"):
        app.command(_name, cls=SettingsCommand, context_settings={"ignore_unknown_options": True})(_verb)
    else:
        app.command(_name)(_verb)
app.add_typer(data, name="data")


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
    words = ["run", *words] if words[:1] and words[0] in STUDY_VERBS else words
    try:
        words = _with_names_asked(words)
        if (verb := " ".join(words)) in USES:
            print_use(verb)
            return 2
        if words[:1] == ["run"] and "--help" in words[2:]:
            return _study_help(words[1])
        if words[:1] in (["video"], ["picture"]) and "--help" in words[1:]:
            return _help_of(words[0])
        if words[:1] and words[0] in _COMPUTING and (fault := keep_programs()):
            say("note", fault)
        code = app(words, prog_name="isotherm", standalone_mode=False)
        sys.stdout.flush()
        if code == _INTERRUPTED:  # typer's own answer to Ctrl-C
            return _refuse("interrupted", _INTERRUPTED)
    except typer.TyperException as error:
        return _refuse(_with_example(error.format_message(), words), 2)
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


def _print_version(is_asked: bool) -> bool:
    if is_asked:
        from importlib.metadata import version

        print(f"isotherm {version('isotherm')}")  # noqa: T201
        raise typer.Exit
    return is_asked


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def _study_help(name: str) -> int:
    from isotherm.cli.text.runs import print_study_help

    print_study_help(study_of(name))
    return 0


def _help_of(verb: str) -> int:
    from isotherm.cli.text import film as video_text
    from isotherm.cli.text import still as picture_text

    {"picture": picture_text, "video": video_text}[verb].print_help()
    return 0


def _with_names_asked(words: list[str]) -> list[str]:
    """``--example`` without a name asks which there are: the parser knows no option that may lack its value."""
    following = [*words[1:], "-"]
    if words[:1] != ["infer"]:
        return words
    return [
        part
        for word, after in zip(words, following, strict=True)
        for part in ([word, ""] if word == "--example" and after.startswith("-") else [word])
    ]


def _with_example(message: str, words: list[str]) -> str:
    """What is missing is shown."""
    verb = next((verb for verb in (" ".join(words[:2]), words[0]) if verb in USES), None)
    if verb is None or not message.startswith("Missing "):
        return message
    return f"{message.rstrip('.')}, as in: isotherm {verb} {USES[verb][0]}"


def _refuse(message: str, code: int) -> int:
    say("error", message)
    return code
