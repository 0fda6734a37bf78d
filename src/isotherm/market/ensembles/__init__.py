"""Ensembles of strategies, drawn from a prior tilted towards an objective."""

from isotherm.market.ensembles.bands import EnsembleBands as EnsembleBands
from isotherm.market.ensembles.bands import bands_of as bands_of
from isotherm.market.ensembles.ensemble import EnsembleProblem as EnsembleProblem
from isotherm.market.ensembles.ensemble import begun_ensemble as begun_ensemble
from isotherm.market.ensembles.ensemble import drawn as drawn
from isotherm.market.ensembles.ensemble import ensemble as ensemble
from isotherm.market.ensembles.ensemble import ensemble_problem as ensemble_problem
from isotherm.market.ensembles.ensemble import finished_ensemble as finished_ensemble
from isotherm.market.ensembles.ensemble import is_drawn as is_drawn
from isotherm.market.ensembles.outcome import Ensemble as Ensemble
from isotherm.market.ensembles.sampling import Sampling as Sampling
