"""Training of strategies: windows, steps, selection, periods; and walking forward."""

from isotherm.market.train.cycles import walk_cycles as walk_cycles
from isotherm.market.train.loop import begun as begun
from isotherm.market.train.loop import is_over as is_over
from isotherm.market.train.loop import proceed as proceed
from isotherm.market.train.loop import train as train
from isotherm.market.train.outcome import Training as Training
from isotherm.market.train.outcome import finished as finished
from isotherm.market.train.periods import Periods as Periods
from isotherm.market.train.problem import problem_of as problem_of
from isotherm.market.train.purged import purged_splits as purged_splits
from isotherm.market.train.regimes import regime_of as regime_of
from isotherm.market.train.state import TrainingState as TrainingState
from isotherm.market.train.trainers import CycleChoice as CycleChoice
from isotherm.market.train.trainers import CycleTask as CycleTask
from isotherm.market.train.trainers import gradient_trainer as gradient_trainer
from isotherm.market.train.trainers import random_trainer as random_trainer
from isotherm.market.train.trials import trials_journal as trials_journal
from isotherm.market.train.verdict import walk_verdict as walk_verdict
from isotherm.market.train.walk import walk_forward as walk_forward
from isotherm.market.train.walk_plan import walk_of as walk_of
