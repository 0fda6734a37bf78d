"""Training of strategies: windows, steps, selection, methods."""

from isotherm.market.train.loop import begun as begun
from isotherm.market.train.loop import is_over as is_over
from isotherm.market.train.loop import proceed as proceed
from isotherm.market.train.loop import train as train
from isotherm.market.train.methods.trials import trials_journal as trials_journal
from isotherm.market.train.outcome import Training as Training
from isotherm.market.train.outcome import finished as finished
from isotherm.market.train.periods import Periods as Periods
from isotherm.market.train.problem import problem_of as problem_of
from isotherm.market.train.state import TrainingState as TrainingState
