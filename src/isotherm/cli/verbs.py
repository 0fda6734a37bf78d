"""How the command line finds verbs and completes them: five studies are verbs too, and settings are flags."""

import copy
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from isotherm.settings.config import unknown_name

STUDY_VERBS = ("backtest", "train", "walk-forward", "tune", "ensemble")
"""Studies that are verbs too."""


class Verbs(TyperGroup):
    """The verbs; ``isotherm backtest`` is short for ``isotherm run backtest``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Words to a verb and the rest; without any, what to try first is printed."""
        if args or ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        from isotherm.cli.text.usage import print_start

        print_start()
        raise typer.Exit

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all verbs."""
        return [*super().list_commands(ctx), *STUDY_VERBS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The verb of that name, or None."""
        if cmd_name not in STUDY_VERBS:
            return super().get_command(ctx, cmd_name)
        found = copy.copy(self.commands["run"])
        found.short_help = f"Short for: isotherm run {cmd_name}"
        return found

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb and its words.

        Raises:
            TyperException: one line, with the closest verb.
        """
        words = ["run", *args] if args[0] in STUDY_VERBS else args
        known = self.list_commands(ctx)
        if not ctx.resilient_parsing and words[0] not in known:
            raise typer.TyperException(f"no verb {words[0]!r}; {unknown_name(words[0], known, likeness=0.6)}")
        return super().resolve_command(ctx, words)


class SettingsCommand(TyperCommand):
    """A verb whose settings are flags too: after TAB they stand beside its own options."""

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Options of the verb, then those of what is named on the line."""
        settings = next(param for param in self.params if param.name == "settings")
        return [*super().shell_complete(ctx, incomplete), *settings.shell_complete(ctx, incomplete)]
