"""How models are fitted."""

from isotherm.learn.counts.dirichlet import dirichlet_kl as dirichlet_kl
from isotherm.learn.counts.dirichlet import dirichlet_mean as dirichlet_mean
from isotherm.learn.counts.dirichlet import novelty_weight as novelty_weight
from isotherm.learn.counts.reduction import Reduction as Reduction
from isotherm.learn.counts.reduction import reduced as reduced
from isotherm.learn.fit import Fit as Fit
from isotherm.learn.fit import fit as fit
from isotherm.learn.gradient import KLGradient as KLGradient
from isotherm.learn.gradient import exact_kl_gradient as exact_kl_gradient
from isotherm.learn.gradient import kl_gradient as kl_gradient
from isotherm.learn.gradient import sampled_kl_gradient as sampled_kl_gradient
from isotherm.learn.likelihood import LogLikelihood as LogLikelihood
from isotherm.learn.likelihood import find_log_z as find_log_z
from isotherm.learn.likelihood import log_likelihood as log_likelihood
from isotherm.learn.objectives import ExactLikelihood as ExactLikelihood
from isotherm.learn.objectives import PseudoLikelihood as PseudoLikelihood
from isotherm.learn.objectives import Sampled as Sampled
from isotherm.learn.observations import Observations as Observations
from isotherm.learn.online import averaged as averaged
from isotherm.learn.online import exclusive as exclusive
from isotherm.learn.online import moments as moments
from isotherm.learn.online import posterior as posterior
from isotherm.learn.pseudolikelihood import pseudo_log_likelihood as pseudo_log_likelihood
from isotherm.learn.pseudolikelihood import sparse_pseudo_likelihood as sparse_pseudo_likelihood
