"""Tuning: settings of training, chosen by walks forward."""

from isotherm.market.tune.found import best_trial as best_trial
from isotherm.market.tune.found import importances as importances
from isotherm.market.tune.found import pareto_front as pareto_front
from isotherm.market.tune.found import tuning_journal as tuning_journal
from isotherm.market.tune.plan import tuning_of as tuning_of
from isotherm.market.tune.search import tune as tune
from isotherm.market.tune.space import TuneAxis as TuneAxis
from isotherm.market.tune.trials import next_trial as next_trial
