"""Statistics of series: errors, autocorrelation, reweighting, scaling. Knows no model."""

from isotherm.estimate.autocorrelation import WithError as WithError
from isotherm.estimate.autocorrelation import integrated_time as integrated_time
from isotherm.estimate.quantities import blocked as blocked
from isotherm.estimate.quantities import estimates as estimates
from isotherm.estimate.quantities import jackknife as jackknife
from isotherm.estimate.reweighting import Reweighting as Reweighting
from isotherm.estimate.reweighting import reweighting as reweighting
