"""Training of strategies: windows, steps, selection, periods; and ensembles of them, drawn by beta."""

from isotherm.market.train.bands import EnsembleBands as EnsembleBands
from isotherm.market.train.bands import bands_of as bands_of
from isotherm.market.train.ensemble import EnsembleProblem as EnsembleProblem
from isotherm.market.train.ensemble import begun_ensemble as begun_ensemble
from isotherm.market.train.ensemble import drawn as drawn
from isotherm.market.train.ensemble import ensemble as ensemble
from isotherm.market.train.ensemble import ensemble_problem as ensemble_problem
from isotherm.market.train.ensemble import finished_ensemble as finished_ensemble
from isotherm.market.train.ensemble import is_drawn as is_drawn
from isotherm.market.train.ensemble_outcome import Ensemble as Ensemble
from isotherm.market.train.loop import begun as begun
from isotherm.market.train.loop import is_over as is_over
from isotherm.market.train.loop import proceed as proceed
from isotherm.market.train.loop import train as train
from isotherm.market.train.outcome import Training as Training
from isotherm.market.train.outcome import finished as finished
from isotherm.market.train.periods import Periods as Periods
from isotherm.market.train.problem import problem_of as problem_of
from isotherm.market.train.sampling import Sampling as Sampling
from isotherm.market.train.state import TrainingState as TrainingState
