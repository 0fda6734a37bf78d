"""Agents, and the loop in which they act."""

from isotherm.act.agent import AbstractAgent as AbstractAgent
from isotherm.act.agent import Transition as Transition
from isotherm.act.chooser import AbstractChooser as AbstractChooser
from isotherm.act.episodes import Episodes as Episodes
from isotherm.act.episodes import episodes as episodes
from isotherm.act.inference.sampling.planner import PolicySampling as PolicySampling
from isotherm.act.inference.sampling.sampled import SampledPolicies as SampledPolicies
from isotherm.act.inference.sampling.sampled import sampled_policies as sampled_policies
from isotherm.act.play import Played as Played
from isotherm.act.play import play as play
from isotherm.act.rollout import Carry as Carry
from isotherm.act.rollout import Moment as Moment
from isotherm.act.rollout import Rollout as Rollout
from isotherm.act.rollout import cumulative as cumulative
from isotherm.act.rollout import rollout as rollout
from isotherm.act.routing.bandit import UCB as UCB
from isotherm.act.routing.bandit import EpsilonGreedy as EpsilonGreedy
from isotherm.act.routing.bandit import LinUCB as LinUCB
from isotherm.act.routing.bandit import Thompson as Thompson
from isotherm.act.routing.counter import WinnerCounts as WinnerCounts
from isotherm.act.routing.floor import Floor as Floor
from isotherm.act.routing.joint import JointRouter as JointRouter
from isotherm.act.routing.router import IsingRouter as IsingRouter
from isotherm.estimate.stretches import stretch_ends as stretch_ends
