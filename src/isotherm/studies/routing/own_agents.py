"""Agents that are not the package's: ``module:Class``, named in settings and imported only to run them."""

import importlib
import inspect
import operator
import re
from typing import TYPE_CHECKING, Any

from isotherm.errors import refusal

if TYPE_CHECKING:
    from isotherm.act import AbstractAgent

_FORM = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*", re.ASCII)
_GIVEN = ("num_venues", "num_context")


def is_own(name: str) -> bool:
    """Whether an agent's name is of the form of one's own; nothing is imported."""
    return ":" in name


def check_form(name: str) -> str:
    """The name, if a module and a class can be meant.

    Raises:
        ValueError: if not, saying what is allowed.
    """
    if not _FORM.fullmatch(name):
        raise ValueError("should be module:Class, as in mine:WinStay for a class in mine.py")
    return name


def module_of(name: str) -> str:
    """The module that has the agent's class."""
    return name.partition(":")[0]


def label_of_own(name: str) -> str:
    """``WinStay (mine)``, for tables and figures."""
    module, _, attribute = name.partition(":")
    return f"{attribute} ({module})"


def make_own(name: str, num_venues: int, num_context: int) -> "AbstractAgent":
    """Import the class and make the agent of a market.

    Args:
        name: ``module:Class``.
        num_venues: given to the class if it takes an argument of that name.
        num_context: likewise, venues that are seen for free.

    Raises:
        ValueError: one line, if it cannot be imported, is no agent, or wants other arguments.
    """
    from isotherm.act import AbstractAgent

    kind = _imported(name)
    if not (isinstance(kind, type) and issubclass(kind, AbstractAgent)):
        raise refusal("agents", name, "is not a subclass of isotherm.act.AbstractAgent")
    if lacking := sorted(getattr(kind, "__abstractmethods__", ())):
        raise refusal("agents", name, f"lacks {', '.join(lacking)}, that an agent must define")
    taken = inspect.signature(kind).parameters
    wanted = [each for each, told in taken.items() if told.default is told.empty and each not in _GIVEN]
    if wanted:
        allowed = f"takes {', '.join(wanted)} without a default; only num_venues and num_context are given"
        raise refusal("agents", name, allowed)
    sizes = {"num_venues": num_venues, "num_context": num_context}
    try:
        return kind(**{each: size for each, size in sizes.items() if each in taken})
    except Exception as error:  # the code of others may raise anything
        raise refusal("agents", name, f"cannot be made: {_told(error)}") from None


def _imported(name: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        return operator.attrgetter(attribute)(importlib.import_module(module))
    except (Exception, SystemExit) as error:
        raise refusal("agents", name, f"cannot be imported: {_told(error)}") from None


def _told(error: BaseException) -> str:
    message = " ".join(str(error).split())[:200]
    if isinstance(error, ModuleNotFoundError | AttributeError):
        return message
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
