"""A network beside the judges without one: it ranks only where it finds more."""

from dataclasses import replace

import numpy as np
import pytest

from core.anomaly import finding, with_network
from core.anomaly.judging import References
from core.anomaly.with_network import NETWORK, TOGETHER, Contest
from core.config import DataError
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.training.config import TrainConfig
from core.training.events import Finished
from core.training.trainer import train
from tests.core.models_for_tests import tiny_checkpoint


def waves(n: int, seed: int = 0) -> ImageSet:
    """Pictures of one wave each, of any phase and direction."""
    rng = np.random.default_rng(seed)
    at = np.arange(16) / 16
    down, across = rng.uniform(1, 2, (2, n, 1, 1))
    angle = 2 * np.pi * (down * at[:, None] + across * at + rng.random((n, 1, 1)))
    x = 128 + 90 * np.sin(angle) + rng.normal(0, 6, (n, 16, 16))
    return ImageSet(
        id="own:waves",
        split="all",
        images=np.clip(x, 0, 255).astype(np.uint8)[:, None],
        labels=None,
        class_names=(),
        ids=np.array([str(i) for i in range(n)]),
    )


IMAGES = waves(120)
SEEN = np.arange(120) < 80


@pytest.fixture(scope="module")
def known() -> References:
    trained_on = IMAGES.take(SEEN)
    config = TrainConfig("own:waves", "pca", {"latent_dim": 16})
    (event,) = [
        one for one in train(config, trained_on, IMAGES.take(~SEEN)) if isinstance(one, Finished)
    ]
    return with_network.references(Autoencoder(event.checkpoint), trained_on)


def test_the_network_and_no_network_are_compared_on_the_same_unseen_images(
    known: References,
) -> None:
    found = with_network.contest(known, IMAGES.take(~SEEN))
    assert found.n == 40
    assert set(finding.TITLES) - {"measures"} <= set(found.planted)
    assert found.planted["combined"] != found.planted[f"{NETWORK}combined"]  # two different scores
    assert found.score.startswith(NETWORK)
    assert found.planted[found.score] == max(
        value for name, value in found.planted.items() if name.startswith(NETWORK)
    )


@pytest.mark.parametrize(("better", "words"), [(0.2, "ranks the images"), (0.005, "does not rank")])
def test_a_network_takes_over_only_if_it_finds_more_and_says_both_numbers(
    better: float, words: str
) -> None:
    planted = {"combined": 0.7, f"{NETWORK}mse": 0.7 + better}
    found = Contest(planted=planted, score=f"{NETWORK}mse", without="combined", n=40)
    assert found.takes_over == (better > with_network.NEAR)
    assert words in found.why()
    assert f"{0.7 + better:.2f}" in found.why()
    assert "0.70" in found.why()


def test_seen_images_are_compared_with_seen_ones_so_that_neither_kind_is_flagged_more(
    known: References,
) -> None:
    judge = with_network.judge(known, f"{NETWORK}mse", IMAGES.take(~SEEN))
    scores = judge.images(IMAGES, SEEN)
    assert abs(np.median(scores[SEEN])) < 1e-9
    assert abs(np.median(scores[~SEEN])) < 1e-9
    raw = known.judge(IMAGES).score("mse")
    assert np.median(raw[SEEN]) < np.median(raw[~SEEN])  # which its raw errors do not promise


def test_images_that_came_later_are_judged_like_those_the_network_was_not_trained_on(
    known: References,
) -> None:
    others = IMAGES.take(~SEEN)
    judge = with_network.judge(known, f"{NETWORK}mse{TOGETHER}", others)
    np.testing.assert_allclose(judge.more(others), judge.images(IMAGES, SEEN)[~SEEN])


def test_what_is_plainly_broken_keeps_its_place_when_a_network_ranks() -> None:
    network, judge = np.array([0.0, 3.0, 1.0]), np.array([9.0, 0.0, 0.5])
    for name in (f"{NETWORK}mse", f"{NETWORK}mse{TOGETHER}"):
        assert with_network.ranked(name, network, judge).argmax() == 0


def test_too_few_unseen_images_are_told(known: References) -> None:
    with pytest.raises(DataError, match="10 images that it was not trained on: there are 3"):
        with_network.contest(known, replace(IMAGES.take(np.arange(3)), split="test"))


def test_network_that_repairs_competes_with_the_scores_of_its_repairs_too() -> None:
    repair, other = (Autoencoder(tiny_checkpoint(arch)) for arch in ("repair", "conv"))
    names = with_network.network_scores(repair)
    assert set(names) - set(with_network.network_scores(other)) == {"repair", "repair_share"}
    assert not {"pca", "patches", "class_percentile"} & set(names)
