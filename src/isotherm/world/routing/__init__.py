"""Markets of venues."""

from isotherm.world.routing.context import Context as Context
from isotherm.world.routing.context import route as route
