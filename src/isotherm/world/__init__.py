"""What agents act in."""

from isotherm.world.routing.context import Context as Context
from isotherm.world.routing.replay import Replay as Replay
from isotherm.world.routing.replay import replay_world as replay_world
from isotherm.world.routing.venues import VenueMarket as VenueMarket
from isotherm.world.routing.venues import venue_market as venue_market
from isotherm.world.world import AbstractWorld as AbstractWorld
from isotherm.world.world import Step as Step
