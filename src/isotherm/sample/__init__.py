"""How energies are sampled: kernels, chains, diagnostics, and exact answers."""

from isotherm.sample.clamp import Clamp as Clamp
from isotherm.sample.draws import ChainMeans as ChainMeans
from isotherm.sample.draws import Draws as Draws
from isotherm.sample.exact import Exact as Exact
from isotherm.sample.exact import exact as exact
from isotherm.sample.gibbs import Moments as Moments
from isotherm.sample.gibbs import Schedule as Schedule
from isotherm.sample.gibbs import gibbs as gibbs
from isotherm.sample.gibbs import gibbs_means as gibbs_means
from isotherm.sample.gibbs import gibbs_moments as gibbs_moments
from isotherm.sample.gibbs import initial_spins as initial_spins
from isotherm.sample.kernel import Kernel as Kernel
from isotherm.sample.run import sample as sample
from isotherm.sample.run import sample_means as sample_means
