"""What a verb says that was given nothing."""

import shlex

import pytest

from isotherm.cli.main import app, main
from isotherm.cli.text.usage import START, USES, example_of
from isotherm.study.presets import build_config
from isotherm.study.registry import find_study


def commands(line: str) -> list[list[str]]:
    return [shlex.split(part) for part in line.split("&&")]


@pytest.mark.parametrize("verb", USES)
def test_a_bare_verb_shows_its_use_and_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(verb.split()) == 2
    printed = capsys.readouterr()
    use, example, more = printed.err.splitlines()
    assert printed.out == ""
    assert use.startswith(f"usage: isotherm {verb} ")
    assert commands(example.removeprefix("example: "))[-1][: len(verb.split()) + 1] == [
        "isotherm",
        *verb.split(),
    ] or (verb == "data")
    assert more.endswith("--help tells more")


def test_isotherm_alone_says_where_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    printed = capsys.readouterr()
    assert printed.out == START + "\n"
    assert printed.err == ""


def verbs() -> dict[str, list[str]]:
    """Options of each verb."""
    import typer.main

    root = typer.main.get_command(app)
    return {
        name: [option for param in command.params for option in param.opts]
        for name, command in root.commands.items()  # pyright: ignore[reportAttributeAccessIssue]
    }


@pytest.mark.parametrize("verb", USES)
def test_examples_name_verbs_studies_presets_and_settings_that_there_are(verb: str) -> None:
    known = verbs()
    for _, name, *words in commands(example_of(verb)):
        if name == "backtest":
            name, words = "run", ["backtest", *words]
        assert name in known
        if name == "run":
            study = find_study(words[0])
            build_config(study, words[words.index("--preset") + 1])
            flags = {f"--{field}".replace("_", "-") for field in study.config.model_fields}
            assert {word.partition("=")[0] for word in words if word.startswith("--")} <= flags | set(
                known["run"]
            )


def test_verbs_that_want_something_have_a_use() -> None:
    """A verb that refuses to be called alone must be in the list."""
    for verb in verbs():
        if verb in USES or verb in ("list", "runs", "doctor"):
            continue
        raise AssertionError(f"{verb} has no use in USES, and is none that runs alone")
