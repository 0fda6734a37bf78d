"""What agents act in."""

from isotherm.world.replay import Replay as Replay
from isotherm.world.replay import replay_world as replay_world
from isotherm.world.routing import Context as Context
from isotherm.world.venues import VenueMarket as VenueMarket
from isotherm.world.venues import venue_market as venue_market
from isotherm.world.world import AbstractWorld as AbstractWorld
from isotherm.world.world import Step as Step
