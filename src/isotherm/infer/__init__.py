"""Answers about a model in a file: exact where tractable, else searched and sampled, with what is proven."""

from isotherm.infer.answer import Answer as Answer
from isotherm.infer.answer import Found as Found
from isotherm.infer.answer import Proven as Proven
from isotherm.infer.answer import Uncertain as Uncertain
from isotherm.infer.infer import infer as infer
from isotherm.infer.source import read_model as read_model
