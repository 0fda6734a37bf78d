"""What agents act in."""

from isotherm.world.discrete.bandit import Trial as Trial
from isotherm.world.discrete.bandit import bandit as bandit
from isotherm.world.discrete.cues import cue_chain as cue_chain
from isotherm.world.discrete.graph_world import connected_clusters as connected_clusters
from isotherm.world.discrete.graph_world import graph_world as graph_world
from isotherm.world.discrete.grid import grid_world as grid_world
from isotherm.world.discrete.gym import to_gymnasium as to_gymnasium
from isotherm.world.discrete.knapsack import knapsack_model as knapsack_model
from isotherm.world.discrete.knapsack import knapsack_world as knapsack_world
from isotherm.world.discrete.maze import THREE_CUE_MAZE as THREE_CUE_MAZE
from isotherm.world.discrete.maze import TWO_CUE_MAZE as TWO_CUE_MAZE
from isotherm.world.discrete.maze import cue_maze as cue_maze
from isotherm.world.discrete.tmaze import simplified_t_maze as simplified_t_maze
from isotherm.world.discrete.tmaze import t_maze as t_maze
from isotherm.world.discrete.world import HiddenWorld as HiddenWorld
from isotherm.world.discrete.world import HiddenWorldState as HiddenWorldState
from isotherm.world.discrete.world import hidden_world as hidden_world
from isotherm.world.routing.context import Context as Context
from isotherm.world.routing.replay import Replay as Replay
from isotherm.world.routing.replay import replay_world as replay_world
from isotherm.world.routing.venues import VenueMarket as VenueMarket
from isotherm.world.routing.venues import venue_market as venue_market
from isotherm.world.world import AbstractWorld as AbstractWorld
from isotherm.world.world import Step as Step
