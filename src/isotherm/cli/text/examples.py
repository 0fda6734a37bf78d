"""The models that come with the package, listed."""

from isotherm.cli.text.settings import console
from isotherm.data.examples import EXAMPLES


def print_model_examples() -> None:
    """One line a model, and where its file lies, to be looked at or copied."""
    width = max(map(len, EXAMPLES))
    for name, example in EXAMPLES.items():
        line = f"{name:<{width}}  {example.about}\n{'':<{width}}  {example.path}"
        console().print(line, markup=False, highlight=False, soft_wrap=True)
