"""hourglass.Detector: scikit-learn's own checks, each layout of images, and what is refused."""

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import validate_data
from torch import nn

import hourglass
from core.config import CheckpointError, OptionError, TrainingError
from hourglass.detector import FEWEST, Detector
from hourglass.modules import Recipe, trained
from hourglass.pixels import InputError, pixels_of

SIDE = 16


def blobs(n: int, seed: int = 0) -> Any:
    """Grey blobs in the middle: (n, SIDE, SIDE) uint8."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    middle = rng.normal(SIDE / 2, 1, (n, 2, 1, 1))
    square = (rows - middle[:, 0]) ** 2 + (columns - middle[:, 1]) ** 2
    return np.clip(220 * np.exp(-square / 18) + rng.normal(8, 2, square.shape), 0, 255).astype("u1")


def strangers(n: int) -> Any:
    """Bright stripes: (n, SIDE, SIDE) uint8."""
    stripes = np.zeros((n, SIDE, SIDE), np.uint8)
    stripes[:, ::4] = 200
    return stripes


@pytest.fixture(scope="module")
def fitted() -> Detector:
    return Detector("pca", 4, rate=0.05).fit(blobs(200))


# scikit-learn's checks give rows of numbers; here each row is drawn as a picture.

TOO_FEW = f"its data are too few: comparing images needs {FEWEST}"
NAMED_SCORE = "`score` is a setting here, as its design says, and no method"
NOT_FOR_IMAGES = {
    "check_n_features_in_after_fitting": TOO_FEW,
    "check_estimators_nan_inf": TOO_FEW,
    "check_classifier_data_not_an_array": TOO_FEW,
    "check_fit2d_1feature": TOO_FEW,
    "check_fit_score_takes_y": NAMED_SCORE,
    "check_pipeline_consistency": NAMED_SCORE,
}


class OfRows(Detector):
    """A detector of rows of numbers, each drawn as a picture of stripes."""

    def __init__(self, rate: float = 0.05, seed: int = 0) -> None:
        super().__init__("pca", 2, rate=rate, seed=seed, score="mse")

    @classmethod
    def _get_param_names(cls) -> list[str]:
        return ["rate", "seed"]

    def _pixels(self, X: Any, reset: bool = False) -> Any:
        rows = validate_data(self, X, reset=reset, ensure_min_samples=2 if reset else 1)
        wide = np.tile((rows + 20) / 40, (1, SIDE * SIDE))[:, : SIDE * SIDE]
        return pixels_of(np.clip(wide, 0, 1).reshape(-1, SIDE, SIDE))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.three_d_array = True, False
        return tags


@pytest.mark.filterwarnings("ignore")  # as many of them as there are checks on few images
@parametrize_with_checks([OfRows()], expected_failed_checks=lambda _: NOT_FOR_IMAGES)  # type: ignore[untyped-decorator]
def test_scikit_learns_own_checks_pass(estimator: Any, check: Any) -> None:
    check(estimator)


def test_strangers_score_higher_and_are_predicted_outliers(fitted: Detector) -> None:
    usual, strange = blobs(50, seed=1), strangers(10)
    assert fitted.anomaly_scores(strange).min() > fitted.anomaly_scores(usual).max()
    assert (fitted.predict(strange) == -1).all()
    assert (fitted.predict(usual) == -1).mean() < 0.2
    assert (fitted.decision_function(strange) < 0).all()
    assert fitted.score_samples(usual) == pytest.approx(-fitted.anomaly_scores(usual))
    assert fitted.p_values(strange) == pytest.approx(1 / (fitted.calibration_.n + 1))


def test_promised_rate_holds_on_new_usual_images() -> None:
    detector = Detector("pca", 4, rate=0.05, held_out=0.5, score="mse").fit(blobs(400))
    low, high = detector.calibration_.band(0.05)
    flagged = (detector.predict(blobs(2_000, seed=2)) == -1).mean()
    assert low - 0.01 < flagged < high + 0.01


def test_score_is_chosen_on_planted_outliers_or_as_given(fitted: Detector) -> None:
    assert fitted.choice_ is not None
    assert fitted.score_ == fitted.choice_.best
    assert fitted.score_ in hourglass.scores()
    assert Detector("pca", 4, score="pca", rate=0.05).fit(blobs(100)).score_ == "pca"
    with pytest.raises(OptionError, match="There is no score"):
        Detector("pca", 4, score="nonsense").fit(blobs(100))


def test_score_of_ones_own_is_used_and_must_give_a_number_an_image() -> None:
    def brightest(x: Any, x_hat: Any) -> Any:
        return abs(x - x_hat).max((1, 2, 3))

    detector = Detector("pca", 4, score=brightest, rate=0.05).fit(blobs(100))
    x = strangers(3)
    expected = abs(x[:, None] / np.float32(255) - detector.reconstruct(x)).max((1, 2, 3))
    assert detector.anomaly_scores(x) == pytest.approx(expected, abs=1e-6)
    assert detector.explain(x).shape == (3, SIDE, SIDE)
    with pytest.raises(InputError, match="must return 100 numbers"):
        Detector("pca", 4, score=lambda x, _: x, rate=0.05, held_out=0.5).fit(blobs(200))


def test_code_picture_and_map_have_their_shapes(fitted: Detector) -> None:
    codes = fitted.encode(blobs(7))
    assert codes.shape == (7, 4)
    assert fitted.decode(codes) == pytest.approx(fitted.reconstruct(blobs(7)))
    where = fitted.explain(strangers(2))
    assert where.shape == (2, SIDE, SIDE)
    assert where.min() >= 0
    assert fitted.n_features_in_ == SIDE * SIDE


def test_every_layout_of_the_same_pictures_gives_the_same_scores(fitted: Detector) -> None:
    x = blobs(5, seed=3)
    expected = fitted.anomaly_scores(x)
    for same in (x[:, None], x[..., None], x / 255, x / np.float32(255), x.astype(int), list(x)):
        assert fitted.anomaly_scores(same) == pytest.approx(expected, rel=1e-9)
    assert fitted.anomaly_scores(torch.from_numpy(x / 255)) == pytest.approx(expected)


REFUSED = {
    "floats of 0 to 255": (blobs(3).astype(float), "divide them by their highest possible value"),
    "nan": (np.full((3, SIDE, SIDE), np.nan), "NaN or infinity"),
    "sixteen bits": (np.full((3, SIDE, SIDE), 40_000), "divide them by their highest"),
    "negative": (np.full((3, SIDE, SIDE), -0.5), "divide them by their highest"),
    "zeros and ones": (np.eye(SIDE, dtype=int)[None], "give them as bool or as floats"),
    "one picture": (blobs(1)[0], r"one image alone is X\[None\]"),
    "five channels": (np.zeros((3, 5, SIDE, SIDE)), "Images have one of the shapes"),
    "another size": (np.zeros((3, 20, 20)), "expecting 256 features"),
    "words": (np.array(["a", "b"]), "an array of numbers"),
    "of different sizes": ([np.zeros((4, 4)), np.zeros((5, 5))], "all of one size"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_pixels_of_another_kind_are_refused_in_one_sentence(fitted: Detector, kind: str) -> None:
    images, sentence = REFUSED[kind]
    with pytest.raises(ValueError, match=sentence) as refused:
        fitted.anomaly_scores(images)
    assert isinstance(refused.value, hourglass.HourglassError)


def test_pixels_given_to_a_model_are_told_apart_or_refused(fitted: Detector) -> None:
    x, model = blobs(4)[:, None], fitted.model_
    assert model.errors(x) == pytest.approx(model.errors(x / np.float32(255)))
    for wrong in (x.astype(np.float32), np.full(x.shape, np.nan, np.float32), x.astype(int)):
        with pytest.raises(hourglass.HourglassError):
            model.errors(wrong)


def test_set_of_images_must_hold_bytes(fitted: Detector) -> None:
    images = hourglass.load("mnist-5k")
    assert "images of 1 x 28 x 28" in repr(images)
    assert "D' = 4" in repr(fitted.model_)
    with pytest.raises(hourglass.HourglassError, match="must have images"):
        type(images)("x", "train", images.pixels([0, 1]), None, (), images.ids[:2])  # type: ignore[arg-type]


def test_too_few_images_for_the_rate_are_told() -> None:
    with pytest.warns(UserWarning, match="cannot promise 1 %"):
        Detector("pca", 4, score="mse").fit(blobs(100))
    with pytest.raises(InputError, match="at least 20 images"):
        Detector("pca", 4).fit(blobs(19))


def test_network_is_trained_with_noise_and_the_same_seed_gives_the_same_scores() -> None:
    settings = {"latent_dim": 8, "noise_std": 0.3, "epochs": 2, "rate": 0.05, "score": "mse"}
    first = Detector("dense", **settings).fit(blobs(150))  # type: ignore[arg-type]
    second = clone(first).fit(blobs(150))
    assert first.model_.card.noise.sigma == 0.3
    assert np.array_equal(first.anomaly_scores(strangers(2)), second.anomaly_scores(strangers(2)))
    with pytest.raises(TrainingError, match="leave the noise out"):
        Detector("pca", noise_std=0.5).fit(blobs(150))


def test_network_that_repairs_is_fitted_and_its_score_is_for_no_other_model() -> None:
    detector = Detector("repair", epochs=1, score="repair", rate=0.1).fit(blobs(60))
    assert detector.explain(strangers(2)).shape == (2, SIDE, SIDE)
    with pytest.raises(hourglass.HourglassError, match="does not say where it repairs"):
        Detector("pca", 4, score="repair", rate=0.1).fit(blobs(60))


def test_detector_saved_pickled_and_opened_scores_the_same(
    fitted: Detector, tmp_path: Path
) -> None:
    expected = fitted.anomaly_scores(strangers(3))
    opened = Detector.load(fitted.save(tmp_path / "blobs.hourglass"))
    for same in (opened, pickle.loads(pickle.dumps(fitted))):
        assert np.array_equal(same.anomaly_scores(strangers(3)), expected)
        assert same.threshold_ == fitted.threshold_
        assert same.get_params() == fitted.get_params()
    assert opened.choice_ == fitted.choice_


def test_file_that_is_no_detector_is_refused(fitted: Detector, tmp_path: Path) -> None:
    path = fitted.save(tmp_path / "blobs.hourglass")
    whole = path.read_bytes()
    for wrong in (
        b"",
        b"PK",
        whole[: len(whole) // 2],
        whole.replace(b'"format":1', b'"format":x'),
    ):
        path.write_bytes(wrong)
        with pytest.raises(CheckpointError, match=r"is no detector|cannot be used"):
            Detector.load(path)
    with pytest.raises(CheckpointError, match="cannot be read"):
        Detector.load(tmp_path / "missing")


def pair(latent_dim: int = 3) -> tuple[nn.Module, nn.Module]:
    pixels = SIDE * SIDE
    torch.manual_seed(0)
    encoder = nn.Sequential(
        nn.Flatten(), nn.Linear(pixels, 16), nn.ReLU(), nn.Linear(16, latent_dim)
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, pixels), nn.Sigmoid(), nn.Unflatten(1, (1, SIDE, SIDE))
    )
    return encoder, decoder


def test_modules_of_ones_own_are_trained_as_copies_chosen_for_and_pickled(tmp_path: Path) -> None:
    modules = pair()
    before = [p.clone() for module in modules for p in module.parameters()]
    detector = Detector(modules, epochs=60, rate=0.05, score="mse").fit(blobs(200))
    after = [p for module in modules for p in module.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert detector.encode(blobs(2)).shape == (2, 3)
    x = blobs(20, seed=4)[:, None] / np.float32(255)
    assert ((detector.reconstruct(x) - x) ** 2).mean() < x.var(axis=0).mean()  # the mean image
    assert (detector.predict(strangers(3)) == -1).all()
    same = pickle.loads(pickle.dumps(detector))
    assert np.array_equal(same.p_values(strangers(2)), detector.p_values(strangers(2)))
    chosen = Detector(modules, epochs=1, rate=0.05).fit(blobs(100))
    assert chosen.choice_ is not None
    assert chosen.score_ == chosen.choice_.best
    with pytest.raises(InputError, match="pickle the detector"):
        detector.save(tmp_path / "own")


def test_modules_that_do_not_fit_are_refused() -> None:
    encoder, decoder = pair()
    images = hourglass.load("mnist-5k").take(slice(0, 20))
    with pytest.raises(TrainingError, match="do not take images"):
        trained((encoder, decoder), images, Recipe(1, 0))
    with pytest.raises(TrainingError, match="must give"):
        Detector((nn.Identity(), nn.Identity())).fit(blobs(50))


def test_detector_works_with_scikit_learns_tools() -> None:
    detector = Detector("pca", 4, score="mse", rate=0.05)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert set(cross_val_predict(detector, blobs(90), cv=3)) <= {-1, 1}
        assert make_pipeline(detector).fit(blobs(100)).predict(strangers(2)).tolist() == [-1, -1]
    assert "latent_dim=4" in repr(detector)
