"""What a model has seen follows from which sets share images."""

import pytest

from core.data.catalogue import seen_in_training


@pytest.mark.parametrize(
    ("trained_on", "shown", "split", "answer"),
    [
        ("mnist", "mnist-5k", "test", "no"),
        ("mnist", "mnist-5k", "train", "yes"),
        ("mnist", "mnist", "test", "no"),
        ("mnist", "mnist", "train", "some"),  # all but 1,000
        ("mnist-5k", "mnist-5k", "train", "yes"),
        ("mnist-5k", "mnist-5k", "test", "no"),
        ("mnist-5k", "mnist", "train", "some"),
        ("mnist-5k", "mnist", "test", "no"),
        ("shapes", "shapes", "train", "yes"),
        ("shapes", "shapes", "test", "no"),
        ("folder:a", "folder:a", "train", "yes"),
        ("folder:a", "folder:a", "all", "some"),
        ("folder:a", "folder:b", "train", "no"),
        ("folder:a", "folder:./b/../a/", "train", "yes"),
        ("folder:a", "zip:a", "train", "no"),
        ("kmnist", "mnist", "train", "no"),
        ("mnist", "fashion-mnist", "train", "no"),
        ("shapes", "mnist-5k", "train", "no"),
    ],
)
def test_images_shown_were_seen_in_training_as_far_as_the_sets_overlap(
    trained_on: str, shown: str, split: str, answer: str
) -> None:
    assert seen_in_training(trained_on, shown, split) == answer
