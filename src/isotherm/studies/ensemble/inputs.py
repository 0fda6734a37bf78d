"""What is refused of the settings of ensembles before any work."""

from isotherm.errors import refusal
from isotherm.market.parameters.names import pool_name
from isotherm.studies.ensemble.config import EnsembleConfig
from isotherm.studies.ensemble.runs import laid_out
from isotherm.studies.market.pool_inputs import check_pool


def check_ensemble_config(config: EnsembleConfig) -> None:
    """Refuse settings, parameters and prices that do not fit each other.

    Raises:
        ValueError: naming the first that does not.
    """
    settings, _ = check_pool(config)
    rule = settings["rule"]
    if "ensemble" in pool_name(rule).hooks:
        raise refusal("rule", rule, "must be without the hook ensemble: its members are what is drawn here")
    for beta in config.betas:
        config.sampling(beta).checked()
    total = config.num_chains * config.num_draws
    for field in ("num_played", "num_members"):
        if getattr(config, field) > total:
            raise refusal(
                field, getattr(config, field), f"must be at most {total}, the draws at a temperature"
            )
    laid_out(config)
