"""A checkpoint in memory: its description (card) and its weights."""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from core.checkpoints.document import Document, HealthRecord
from core.models import ArchSpec, architecture
from core.models.layers import Plan
from core.noise import KINDS, Noise
from core.text import listed, one_line

Tensors = dict[str, npt.NDArray[np.float32]]
LONGEST_CLASS = 20  # characters of the name of a class in a title
COLLAPSED = 0.02  # of the images' variance: a model whose output varies less ignores its input
HEALTH = Path(__file__).with_name("health.json")  # of the models that come with the program
WORSE = 1.02  # times an error from which on another is worse
EXACT = 1e-7  # an MSE that no picture of 8 bits shows: such errors are rounding, and not compared


@dataclass(frozen=True)
class Card:
    """The description of a checkpoint, without its weights.

    shipped: it comes with the program.  plan: what the document's architecture and options give.
    sha256: of the whole content, see core.checkpoints.fileformat.Content; "" for one that is in no
    file. Whatever is kept of a model (codes, measurements, spaces) is kept under it.
    """

    name: str
    path: Path
    shipped: bool
    document: Document
    plan: Plan
    sha256: str = ""

    @property
    def architecture(self) -> ArchSpec:
        return architecture(self.document.architecture)

    @property
    def options(self) -> dict[str, Any]:
        return self.document.options

    @property
    def input_shape(self) -> tuple[int, int, int]:
        return self.plan.input_shape

    @property
    def latent_dim(self) -> int:
        return self.plan.latent_dim

    @property
    def n_parameters(self) -> int:
        return self.plan.n_parameters()

    @property
    def dataset(self) -> str:
        """The name of its training images in its document: not a path to open.

        Whoever needs the images themselves asks core.checkpoints.trained_on.
        """
        return self.document.dataset

    @property
    def dataset_title(self) -> str:
        """The name of its training images as one short line for the screen."""
        return one_line(self.document.dataset)

    @property
    def excluded_classes(self) -> tuple[str, ...]:
        return self.document.excluded_classes

    @property
    def noise(self) -> Noise:
        """The noise on its training inputs; falsy if there was none."""
        return self.document.training.noise.noise()

    @property
    def epochs(self) -> int:
        return self.document.training.epochs

    @property
    def seconds(self) -> float:
        """Wall time of the training."""
        return self.document.training.seconds

    @property
    def metrics(self) -> dict[str, Any]:
        """dataset, split, n, mse, psnr (dB), ssim on clean test images."""
        return msgspec.structs.asdict(self.document.metrics)

    @property
    def history(self) -> list[dict[str, Any]]:
        """An entry an epoch: epoch, train_loss, test_mse, seconds, images_per_second,
        found.
        """
        return [msgspec.structs.asdict(record) for record in self.document.history]

    @property
    def health(self) -> HealthRecord | None:
        """Quality measured at the end of its training, or before it was shipped; None if that is
        not known.
        """
        return self.document.health or _of_shipped().get(self.sha256)

    @cached_property
    def warning(self) -> str:
        """The model's defect in one sentence; "" if none is known."""
        return warning_of(self.health, bool(self.noise))

    @property
    def health_words(self) -> str:
        """Its error beside that of the mean image and of PCA, in one sentence; "" if not known."""
        return "" if self.health is None else words_of(self.health)

    @property
    def mark(self) -> str:
        """Mark beside its name in lists: " ⚠" if it has a defect."""
        return " ⚠" if self.warning else ""

    @cached_property
    def reference(self) -> npt.NDArray[np.float64]:
        """(201,) quantiles of the test images' errors at 0, 0.5, ... 100 %, rising."""
        return np.asarray(self.document.reference)

    @cached_property
    def title(self) -> str:
        """One short line that can be shown, e.g. "Denoising dense, D' = 1568 (sigma 0.5)"."""
        kind = self.architecture.title
        if self.noise:
            kind = f"Denoising {kind[0].lower()}{kind[1:]}"
        shape = " x ".join(map(str, self.plan.code_shape))
        kind_of_noise = "" if self.noise.kind == "gaussian" else f"{KINDS[self.noise.kind].title}, "
        extra = f" ({kind_of_noise}sigma {self.noise.sigma:g})" if self.noise else ""
        left_out = listed(self.excluded_classes, longest=LONGEST_CLASS)
        without = f", without {left_out}" if left_out else ""
        output = ", linear output" if self.options.get("bounded") is False else ""
        return f"{kind}, D' = {shape}{output}{extra}{without}"


@dataclass(frozen=True)
class Checkpoint:
    """A card and the weights that belong to it, float32.

    training_digests: (n, 8) of the images it was trained on, see core.images.digests; None if its
    file does not hold them.
    """

    card: Card
    tensors: Tensors
    training_digests: npt.NDArray[np.uint8] | None = None


@cache
def _of_shipped() -> dict[str, HealthRecord]:
    """The health of the models that come with the program, by their digests."""
    try:
        return msgspec.json.decode(HEALTH.read_bytes(), type=dict[str, HealthRecord])
    except (OSError, msgspec.MsgspecError):
        return {}


def words_of(health: HealthRecord) -> str:
    """The error on test images beside that of the mean image and of PCA, in one sentence."""
    pca = "" if health.pca_mse is None else f", PCA with as many numbers {health.pca_mse:.2g}"
    return (
        f"MSE on test images {health.mse:.2g}; always giving the mean image "
        f"{health.mean_image_mse:.2g}{pca}. Its output varies "
        f"{100 * health.output_dependence:.0f} % as much as the images."
    )


def warning_of(health: HealthRecord | None, denoises: bool = False) -> str:
    """A model's defect in one sentence; "" if it has none or if none is known.

    denoises: it was trained on noisy images; PCA, which rebuilds clean ones, is no measure of it.
    """
    if health is None:
        return ""
    if health.output_dependence < COLLAPSED:
        return (
            "Collapsed: its output hardly depends on its input "
            f"({100 * health.output_dependence:.2g} % of the images' variance)."
        )
    if health.mse > max(EXACT, WORSE * health.mean_image_mse):
        return (
            f"Worse than the mean image: MSE {health.mse:.2g}, and always giving the mean of the "
            f"training images has {health.mean_image_mse:.2g}."
        )
    if health.posterior_collapse >= 0.5:
        return (
            f"Posterior collapse: {100 * health.posterior_collapse:.0f} % of the numbers in its "
            "code carry nothing about the image."
        )
    pca_mse = None if denoises else health.pca_mse
    if pca_mse is not None and health.mse > max(EXACT, WORSE * pca_mse):
        return (
            f"Worse than PCA with as many numbers: MSE {health.mse:.2g}, and PCA has {pca_mse:.2g}."
        )
    if health.dead_units >= 0.5:
        return f"{100 * health.dead_units:.0f} % of the numbers in its code never change."
    return ""
