"""Statistics of series: errors, autocorrelation, reweighting, scaling. Knows no model."""
