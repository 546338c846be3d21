"""Which images are picked, and the words about noise."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.data import catalogue
from core.images.imagesets import ImageSet
from core.noise import Noise
from pages.ui.figures.text import code, noise_name, plain, titles
from pages.ui.latent import controls as latent_controls
from pages.ui.latent.data import Population, SampleSpec
from pages.ui.noise.controls import pick
from tests.core.hostile_words_for_tests import HOSTILE_WORDS
from tests.core.models_for_tests import tiny_checkpoint


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    return catalogue.load("mnist-5k")


def test_images_not_shuffled_take_the_classes_in_turn(digits: ImageSet) -> None:
    picked = pick(digits, (), 12, shuffle=0)
    assert [picked.label_name(i) for i in range(12)] == [*"012345678901"]


def test_images_of_some_classes_keep_to_them(digits: ImageSet) -> None:
    for shuffle in (0, 5):
        picked = pick(digits, ("3", "8"), 16, shuffle)
        assert {picked.label_name(i) for i in range(16)} == {"3", "8"}


def test_images_shuffled_depend_on_the_number_alone(digits: ImageSet) -> None:
    assert (pick(digits, (), 8, 1).ids == pick(digits, (), 8, 1).ids).all()
    assert (pick(digits, (), 8, 1).ids != pick(digits, (), 8, 2).ids).any()


def test_images_without_labels_come_in_their_own_order() -> None:
    nameless = ImageSet(
        "x", "test", np.zeros((5, 1, 16, 16), np.uint8), None, (), np.array([*"abcde"])
    )
    assert pick(nameless, (), 3, shuffle=0).ids.tolist() == ["a", "b", "c"]


def test_images_of_a_class_without_any_are_none(digits: ImageSet) -> None:
    assert digits.labels is not None
    assert len(pick(digits.take(digits.labels != 3), ("3",), 8, 0)) == 0


@pytest.mark.parametrize(
    ("noise", "name"),
    [
        (Noise("gaussian", 0.5), "gaussian noise, not clipped"),
        (Noise("speckle", 0.5, 0.25, clip=True), "speckle noise, mu 0.25, clipped to [0, 1]"),
        (Noise("salt_and_pepper", 0.5, 0.25, clip=True), "salt and pepper noise"),
    ],
)
def test_noise_name_says_only_what_matters(noise: Noise, name: str) -> None:
    assert noise_name(noise) == name


def test_plain_words_have_every_sign_of_markdown_escaped() -> None:
    assert plain("[a](http://x) <b> $x$ :red[y] *z*\n# w") == (
        "\\[a\\]\\(http\\://x\\) \\<b\\> \\$x\\$ \\:red\\[y\\] \\*z\\* \\# w"
    )


def test_plain_words_have_no_sign_that_ends_a_line_or_turns_it_around() -> None:
    for words in HOSTILE_WORDS:
        shown = plain(words)
        assert len(shown.splitlines()) <= 1
        assert not set(shown) & set("\0\r\x1b\u2028\u202e\u2066\ud800")
        assert len(code(words).splitlines()) == 1


def test_checkpoints_with_one_title_are_told_apart_by_name() -> None:
    cards = [tiny_checkpoint("dense").card, tiny_checkpoint("pca").card]
    twin = replace(cards[0], name="twin")
    called = titles([*cards, twin])
    assert len(set(called.values())) == 3
    assert called["twin"].endswith("· twin")
    assert called["tiny-pca"] == cards[1].title


@pytest.mark.parametrize(("n", "said"), [(1, "The only image."), (7, "All 7 images.")])
def test_map_of_all_images_counts_them_in_words_that_fit(n: int, said: str) -> None:
    digits = catalogue.load("mnist-5k").take(np.arange(n))
    population = Population(digits, np.zeros(n, bool), n, ())
    spec = SampleSpec("mnist-5k", "test", with_other=False, most=2_000, seed=0)
    card: Any = SimpleNamespace(dataset="mnist")
    assert latent_controls.sentence(population, spec, card) == said
