"""Agents, and the loop in which they act."""

from isotherm.act.agent import AbstractAgent as AbstractAgent
from isotherm.act.agent import Transition as Transition
from isotherm.act.bandit import UCB as UCB
from isotherm.act.bandit import EpsilonGreedy as EpsilonGreedy
from isotherm.act.bandit import LinUCB as LinUCB
from isotherm.act.bandit import Thompson as Thompson
from isotherm.act.counter import WinnerCounts as WinnerCounts
from isotherm.act.floor import Floor as Floor
from isotherm.act.joint import JointRouter as JointRouter
from isotherm.act.rollout import Rollout as Rollout
from isotherm.act.rollout import cumulative as cumulative
from isotherm.act.rollout import rollout as rollout
from isotherm.act.router import IsingRouter as IsingRouter
from isotherm.estimate.stretches import stretch_ends as stretch_ends
