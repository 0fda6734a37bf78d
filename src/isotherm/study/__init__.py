"""Reproducible experiments: a config each, a runner that resumes, and a store of runs."""

from isotherm.settings.config import Config
from isotherm.study.base import Arrays, Figure, Result, Study, Task
from isotherm.study.registry import find_study
from isotherm.study.tables import Estimate, Table
from isotherm.study.trees import named_arrays, tree_of

__all__ = [
    "Arrays",
    "Config",
    "Estimate",
    "Figure",
    "Result",
    "Study",
    "Table",
    "Task",
    "find_study",
    "named_arrays",
    "tree_of",
]
