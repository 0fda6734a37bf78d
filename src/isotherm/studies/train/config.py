"""Settings of the study of a training."""

from isotherm.studies.market.map_config import MapConfig
from isotherm.studies.market.training_config import TrainingConfig


class TrainConfig(TrainingConfig, MapConfig):
    """Settings of a training, and of a map of other strategies on which its way is drawn."""
