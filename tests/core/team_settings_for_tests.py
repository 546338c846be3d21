"""What the processes of a team train, and the one process they are compared with."""

from core.noise import Noise
from core.training.config import TrainConfig
from tests.core.training.test_training import blobs, config

SETS = blobs(90, "train"), blobs(20, "test")  # the last batch has 26 images: shares differ in size


def settings(arch: str) -> TrainConfig:
    return config(arch, noise=Noise(sigma=0.3), epochs=2)
