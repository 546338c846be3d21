"""Finding unusual images with an autoencoder, as an estimator in scikit-learn's manner."""

import math
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from core import metrics
from core.anomaly import choosing, scores
from core.anomaly.calibration import Calibration
from core.anomaly.judging import References
from core.anomaly.spaces import K
from core.config import TrainingError
from core.images.imagesets import ImageSet, numbered_ids
from core.inference import Autoencoder
from core.models import architecture
from core.noise import Noise
from hourglass import packing
from hourglass.pixels import InputError, Pixels, pixels_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.checkpoints import Checkpoint
    from core.training.events import Event

Array = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
OwnScore = Callable[[Array, Array], Any]  # images and reconstructions (n, C, H, W) -> (n,)
FEWEST = 2 * K  # images that a detector is fitted on
ROUNDING = 1e-6  # relative, of scores of one image in different batches
SET = "array"  # what the data set is called in the model's document


class Detector(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """An autoencoder, a score and a calibrated threshold: which images are unlike the others.

    X is everywhere an array of images: uint8 of 0 to 255 or floats of 0 to 1, in the shape (n, H,
    W), (n, C, H, W) or (n, H, W, C) with C = 1 or 3; other pixels are refused (hourglass.pixels).

    Parameters
    ----------
    arch : "dense", "conv", "vae", "pca", ... or (encoder, decoder), two modules of PyTorch that map
        (B, C, H, W) to (B, D') and back; fit() trains copies of them.
    latent_dim : D', the count of numbers in a code.  Not used with modules of your own, nor with
        "repair", whose code goes by the size of the images.
    noise_std : sigma of the Gaussian noise on the training input, 0 to 1; the target stays clean.
    epochs : passes over the training images; not used with "pca".
    seed : of weights, order, noise, and of which images are kept for calibration.
    score : the name of a score (hourglass.scores()), a function of images and reconstructions (n,
        C, H, W) in [0, 1] that returns (n,), higher = stranger; or None: fit() plants outliers
        among the calibration images and takes the score that finds them best.
    rate : share of usual images that predict() may call outliers, 0 to 1.
    held_out : share of the images that calibrate and test, and that nothing is trained on.
    options : further options of the architecture, as the Train page has them.

    Attributes
    ----------
    model_ : the trained hourglass.Autoencoder.
    score_ : the score that is used, a name or a function.
    choice_ : how well each score found what was planted; None if a score was given.
    calibration_ : the scores of the held-out images.
    threshold_ : a score above it is an outlier.  offset_ : -threshold_.
    n_features_in_ : the count of values of an image.
    """

    def __init__(
        self,
        arch: Any = "dense",
        latent_dim: int = 32,
        noise_std: float = 0.0,
        epochs: int = 20,
        seed: int = 0,
        score: str | OwnScore | None = None,
        *,
        rate: float = 0.01,
        held_out: float = 0.2,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.arch = arch
        self.latent_dim = latent_dim
        self.noise_std = noise_std
        self.epochs = epochs
        self.seed = seed
        self.score = score
        self.rate = rate
        self.held_out = held_out
        self.options = options

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train on usual images, choose the score, calibrate the threshold.

        y is ignored.  Warns if there are too few images for the promised rate.
        Raises InputError for images that cannot be used, OptionError or TrainingError for settings
        that do not fit them.
        """
        del y
        images = self._pixels(X, reset=True)
        if len(images) < FEWEST:
            raise InputError(
                f"A detector needs at least {FEWEST} images, and X has n_samples = {len(images)}."
            )
        self._usual, self._calibrating = self._parts(images)
        self.model_ = self._trained()
        self._references_: References | None = None
        self.choice_ = None if self.score is not None else choosing.choice(self._references)
        chosen = self.choice_.best if self.choice_ else "mse"
        self.score_ = chosen if self.score is None else self.score
        self.calibration_ = self._calibration()
        return self._draw_the_line()

    def encode(self, X: Any) -> Array:
        """Images -> codes (n, D') float32."""
        return self._model().encode(self._floats(X))

    def decode(self, Z: Any) -> Array:
        """Codes (n, D') -> images (n, C, H, W) float32 of 0 to 1."""
        return self._model().decode(np.asarray(Z, np.float32))

    def reconstruct(self, X: Any) -> Array:
        """Images -> their reconstructions (n, C, H, W) float32 of 0 to 1."""
        return self._model().reconstruct(self._floats(X))

    def anomaly_scores(self, X: Any) -> Scores:
        """How strange each image is: (n,) float64, higher = stranger."""
        self._model()
        return self._scores(_image_set(self._pixels(X), "judged"))

    def p_values(self, X: Any) -> Scores:
        """The conformal p-value of each image, (n,): for a usual image the chance of a value up to
        p is at most p.
        """
        strangeness = self.anomaly_scores(X)
        found: Scores = self.calibration_.p_values(strangeness)
        return found

    def score_samples(self, X: Any) -> Scores:
        """scikit-learn's sign: (n,), lower = stranger."""
        return -self.anomaly_scores(X)

    def decision_function(self, X: Any) -> Scores:
        """score_samples(X) - offset_: (n,), negative for outliers."""
        return np.asarray(self.score_samples(X) - self.offset_)

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """1 for usual images, -1 for outliers: (n,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def explain(self, X: Any) -> Array:
        """Where images are strange: the score's map, or the squared error of each pixel where the
        score has none: (n, H, W) >= 0.
        """
        self._model()
        x = self._floats(X)
        if callable(self.score_):
            return metrics.error_map(x, self.model_.reconstruct(x))
        return scores.map_of(scores.score(self.score_), self._references.spaces, x)

    def save(self, path: str | Path) -> Path:
        """Keep the detector in one file, with the images that it compares with.

        Raises InputError for modules or a score of your own: pickle these.
        """
        self._model()
        if not isinstance(self.arch, str) or callable(self.score):
            raise InputError("Modules and scores of your own cannot be saved: pickle the detector.")
        return packing.write(Path(path), self)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The detector in a file that save() wrote.  Nothing in the file is run as code.

        Raises CheckpointError if there is none or it cannot be trusted.
        """
        kept = packing.read(Path(path))
        found = cls(**kept.settings)
        found._usual, found._calibrating = kept.usual, kept.calibrating
        found.n_features_in_ = math.prod(kept.usual.shape[1:])
        found.model_ = Autoencoder(kept.checkpoint)
        found._references_, found.choice_, found.score_ = None, kept.choice, kept.score
        found.calibration_ = found._calibration()
        return found._draw_the_line()

    @property
    def parts(self) -> tuple[Pixels, Pixels]:
        """The images that it was trained on, and those that calibrate: (n, C, H, W) uint8 each."""
        self._model()
        return self._usual, self._calibrating

    # How it is done.

    def _pixels(self, X: Any, reset: bool = False) -> Pixels:
        """The images as (n, C, H, W) uint8, of the shape that was fitted unless `reset`."""
        images = pixels_of(X)
        size = math.prod(images.shape[1:])
        if reset:
            self.n_features_in_ = size
        elif images.shape[1:] != self._usual.shape[1:]:
            raise InputError(
                f"X has {size} features in images of {images.shape[1:]}, but Detector is expecting "
                f"{self.n_features_in_} features as input, in images of {self._usual.shape[1:]}."
            )
        return images

    def _floats(self, X: Any) -> Array:
        self._model()
        return np.divide(self._pixels(X), np.float32(255), dtype=np.float32)

    def _model(self) -> Autoencoder:
        check_is_fitted(self)
        return self.model_

    def _parts(self, images: Pixels) -> tuple[Pixels, Pixels]:
        """Images to train on and, apart from them, to calibrate by; both in the order given."""
        if not 0 < self.held_out < 1:
            raise InputError("held_out is a share between 0 and 1, both excluded.")
        n = min(max(round(self.held_out * len(images)), 1), len(images) - K - 1)
        order = np.random.default_rng(self.seed).permutation(len(images))
        return images[np.sort(order[n:])], images[np.sort(order[:n])]

    def _trained(self) -> Autoencoder:
        usual, held_out = (_image_set(part, "train") for part in (self._usual, self._calibrating))
        if not isinstance(self.arch, str):
            from hourglass.modules import Recipe, trained

            encoder, decoder = self.arch
            return trained(
                (encoder, decoder), usual, Recipe(self.epochs, self.seed, self.noise_std)
            )
        from core.training.config import TrainConfig
        from core.training.trainer import train

        known = {option.name for option in architecture(self.arch).options}
        code = {"latent_dim": self.latent_dim} if "latent_dim" in known else {}
        options = {**code, **(self.options or {})}
        config = TrainConfig(
            SET, self.arch, options, Noise(sigma=self.noise_std), epochs=self.epochs, seed=self.seed
        )
        return Autoencoder(_finished(train(config, usual, held_out)))

    @property
    def _references(self) -> References:
        """What images are compared with; made when first asked for, and not pickled."""
        if self._references_ is None:
            usual = _image_set(self._usual, "train")
            held_out = _image_set(self._calibrating, "calibration")
            self._references_ = References(self.model_, usual, held_out, kept=False)
        return self._references_

    def _scores(self, images: ImageSet) -> Scores:
        if callable(self.score_):
            x = images.pixels()
            found = np.asarray(self.score_(x, self.model_.reconstruct(x)), np.float64)
            if found.shape != (len(x),):
                raise InputError(f"score must return {len(x)} numbers, not {found.shape}.")
            return found
        return self._references.judge(images).score(self.score_)

    def _calibration(self) -> Calibration:
        name = f"{len(self._calibrating):,} held-out images"
        return Calibration.of(self._scores(_image_set(self._calibrating, "calibration")), name)

    def _draw_the_line(self) -> Self:
        if few := self.calibration_.too_few(self.rate):
            warnings.warn(f"{few} That rate is used.", stacklevel=3)
        line = self.calibration_.threshold(self.calibration_.nearest_rate(self.rate))
        self.threshold_ = line + ROUNDING * abs(line)  # a score on the line stays on one side
        self.offset_ = -self.threshold_
        return self

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return state | ({"_references_": None} if "_references_" in state else {})

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.three_d_array = False, True
        return tags


def _image_set(images: Pixels, split: str) -> ImageSet:
    return ImageSet(SET, split, images, None, (), numbered_ids(split, np.arange(len(images))))


def _finished(events: "Iterator[Event]") -> "Checkpoint":
    """The checkpoint at the end of a training."""
    from core.training.events import Finished

    for event in events:
        if isinstance(event, Finished):
            return event.checkpoint
    raise TrainingError("The training ended without a model.")
