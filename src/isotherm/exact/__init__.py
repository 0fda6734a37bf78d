"""Exact answers: an oracle for tests, and a backend of its own."""

from isotherm.exact.beliefs import BeliefOptimum as BeliefOptimum
from isotherm.exact.beliefs import belief_optimum as belief_optimum
from isotherm.exact.exact import Exact as Exact
from isotherm.exact.exact import exact as exact
from isotherm.exact.graph.graph import GraphExact as GraphExact
from isotherm.exact.graph.transfer import Strip as Strip
from isotherm.exact.graph.transfer import transfer as transfer
from isotherm.exact.hidden.chain import HiddenChain as HiddenChain
from isotherm.exact.hidden.chain import hidden_chain as hidden_chain
from isotherm.exact.hidden.recursion import SoftBackward as SoftBackward
from isotherm.exact.hidden.recursion import soft_backward as soft_backward
from isotherm.exact.hidden.smoothing import Smoothed as Smoothed
from isotherm.exact.hidden.smoothing import smooth as smooth
from isotherm.exact.lattice.lattice import LatticeExact as LatticeExact
from isotherm.exact.lattice.onsager import kaufman as kaufman
from isotherm.exact.lattice.onsager import onsager as onsager
from isotherm.exact.lattice.onsager import spontaneous_magnetization as spontaneous_magnetization
from isotherm.exact.tilt import quadrature as quadrature
from isotherm.exact.tilt import tilted_law as tilted_law
