"""Every image is judged by what was fitted to other images only, and rates hold."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from core.anomaly import crossfit, descriptors
from core.anomaly.descriptors import Gaussian
from core.anomaly.judging import References
from core.checkpoints import Card
from core.config import DataError, OptionError
from core.data import catalogue
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from tests.core.models_for_tests import tiny_checkpoint

NAMES = ("pca", "pixel_density", "patches", "near_patches")


def test_groups_stay_in_one_fold_and_folds_are_even() -> None:
    groups = np.concatenate([np.zeros(9, np.int64), np.arange(1, 60)])
    of = crossfit.folds(groups)
    assert len(set(of[:9].tolist())) == 1
    assert np.ptp(np.bincount(of)) <= 1
    assert (of == crossfit.folds(groups)).all()
    assert (of != crossfit.folds(groups, seed=1)).any()


def test_too_few_images_or_only_copies_of_each_other_are_refused() -> None:
    for groups in (np.arange(19), np.zeros(50, np.int64)):
        with pytest.raises(DataError, match="Judging images by each other needs at least 20"):
            crossfit.folds(groups)


def test_equal_and_almost_equal_images_are_one_group() -> None:
    images = catalogue.load("mnist-5k", "train").take(slice(0, 30))
    x = images.images.copy()
    x[7] = x[3]
    x[9] = x[4]
    x[9, 0, 5, 5] ^= 1
    groups = crossfit.groups_of(replace(images, images=x))
    assert groups[7] == groups[3]
    assert groups[9] == groups[4]
    assert len(set(groups.tolist())) == 28


def test_scores_are_those_of_references_without_the_images_fold() -> None:
    images = catalogue.load("mnist-5k", "train").take(slice(0, 60))
    model = Autoencoder(tiny_checkpoint("pca", (1, 28, 28), options={"latent_dim": 5}))
    of = crossfit.folds(np.arange(60), n_folds=3)
    found = crossfit.judged_by_others(lambda _: model, images, NAMES, of).scores
    mine = np.flatnonzero(of == 1)
    judged = References(model, images.take(of != 1), kept=False).judge(images.take(mine))
    for name in NAMES:
        np.testing.assert_allclose(found[name][mine], judged.score(name), rtol=1e-5)


def test_gaussian_scores_are_ridged_mahalanobis_distances() -> None:
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((400, 6)) @ rng.standard_normal((6, 6))).astype(np.float32)
    spread = x.std(axis=0)
    scale = spread + 1e-3 * np.median(spread) + 1e-6
    z = (x - x.mean(axis=0)) / scale
    covariance = z.T @ z / len(z)
    ridged = covariance + descriptors.RIDGE * np.trace(covariance) / 6 * np.eye(6)
    expected = np.sqrt(np.einsum("ij,jk,ik->i", z, np.linalg.inv(ridged), z) / 6)
    np.testing.assert_allclose(Gaussian.of_all(x).scores(x), expected, rtol=1e-3)


def test_outliers_that_are_alike_do_not_make_each_other_usual() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 5)).astype(np.float32)
    x[:16, 0] += 8
    scores = Gaussian.fit(x).scores(x)
    assert scores[:16].min() > scores[16:].max()
    assert scores[:16].mean() > 1.5 * Gaussian.of_all(x).scores(x)[:16].mean()


def test_of_usual_images_at_most_the_promised_share_is_flagged_whatever_else_is_there() -> None:
    rng = np.random.default_rng(0)
    realised = []
    for seed in range(40):
        x = rng.standard_normal((240, 12)).astype(np.float32)
        x[:12] += 3  # outliers
        of, scores = crossfit.folds(np.arange(240), seed=seed), np.empty(240)
        for _, others, own in crossfit.each_fold(of):
            scores[own] = Gaussian.fit(x[others]).scores(x[own])
        p = crossfit.p_values(scores)
        assert p[:12].mean() < 0.1
        realised.append([(p[12:] <= rate).mean() for rate in (0.05, 0.1, 0.5)])
    mean = np.mean(realised, axis=0)
    assert (mean <= [0.05, 0.1, 0.5]).all()
    assert mean[2] > 0.44  # and not by flagging nothing


def test_the_threshold_holds_for_new_images_too() -> None:
    rng = np.random.default_rng(1)
    realised = []
    for seed in range(60):
        x, new = (rng.standard_normal((n, 12)).astype(np.float32) for n in (100, 500))
        of, scores = crossfit.folds(np.arange(100), seed=seed), np.empty(100)
        for _, others, own in crossfit.each_fold(of):
            usual = Gaussian.fit(x[others])
            scores[own] = usual.scores(x[own])
        known = crossfit.calibration(scores, np.zeros(100, np.bool_), "images")
        realised.append((known.p_values(usual.scores(new)) <= 0.1).mean())
    assert abs(np.mean(realised) - 0.1) < 0.02


def test_images_that_are_plainly_odd_do_not_raise_the_threshold() -> None:
    scores = np.concatenate([np.linspace(0, 1, 200), np.full(10, 50.0)])
    aside = crossfit.is_clear(scores)
    assert aside.sum() == 10
    assert crossfit.calibration(scores, aside, "images").threshold(0.05) < 1
    assert "without 10 that are plainly odd" in crossfit.calibration(scores, aside, "images").name


def test_networks_judge_only_images_that_they_were_not_trained_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = catalogue.load("mnist-5k", "train").take(slice(0, 60))
    options = {"latent_dim": 3, "widths": [8]}
    model = Autoencoder(tiny_checkpoint("dense", (1, 28, 28), options=options))
    given, train = [], crossfit.trained

    def watched(card: Card, whole: ImageSet, others: npt.NDArray[np.int64]) -> Autoencoder:
        given.append(others)
        return train(card, whole, others)

    monkeypatch.setattr(crossfit, "trained", watched)
    judged = crossfit.JudgedByOthers(model, images, n_networks=2)
    assert {"mse", "path", "pca", "together"} <= set(judged.names)
    errors = judged.score("mse")
    assert np.isfinite(errors).all()
    assert [set(np.flatnonzero(judged.of != fold)) for fold in (0, 1)] == list(map(set, given))
    alone = train(model.card, images, given[0])
    own = np.flatnonzero(judged.of == 0)
    np.testing.assert_allclose(errors[own], alone.errors(images.pixels(own)), rtol=1e-4)
    assert "2 networks were trained" in judged.how(0.01)
    with pytest.raises(OptionError, match="2 to 5"):
        crossfit.JudgedByOthers(model, images, n_networks=6)


def test_time_of_networks_goes_by_that_of_the_model() -> None:
    model = Autoencoder(tiny_checkpoint("dense", (1, 28, 28)))
    of_one = model.card.document.training
    expected = 2 * of_one.seconds * 500 / max(1, of_one.n_images)
    assert crossfit.seconds_to_train(model.card, 1_000, 2) == pytest.approx(expected)
