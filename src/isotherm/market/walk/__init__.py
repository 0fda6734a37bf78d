"""Walking forward: choose on a stretch of prices, test on the next."""

from isotherm.market.walk.cycles import walk_cycles as walk_cycles
from isotherm.market.walk.forward import walk_forward as walk_forward
from isotherm.market.walk.plan import walk_of as walk_of
from isotherm.market.walk.purged import purged_splits as purged_splits
from isotherm.market.walk.regimes import regime_of as regime_of
from isotherm.market.walk.trainers import CycleChoice as CycleChoice
from isotherm.market.walk.trainers import CycleTask as CycleTask
from isotherm.market.walk.trainers import gradient_trainer as gradient_trainer
from isotherm.market.walk.trainers import random_trainer as random_trainer
from isotherm.market.walk.verdict import walk_verdict as walk_verdict
