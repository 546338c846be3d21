"""Data sets with many classes, or with names of classes that nobody expects."""

import string

import numpy as np

from core.data.own.draft import Form
from core.data.own.import_images import gather
from core.data.own.make_set import Keeping, make
from tests.core.data.own.test_import_images import image_file, offers

LETTERS = tuple(f"{kind} {sign}" for kind, signs in (
    ("digit", string.digits), ("capital", string.ascii_uppercase), ("small", string.ascii_lowercase)
) for sign in signs)  # fmt: skip
SIGNS = tuple(f"Sign {i}: no overtaking by vehicles over 3.5 tonnes, trailers" for i in range(43))
ODD = ("a" * 119 + "z", "**bold** $x$ `code`", "<b>html</b> <img src=x onerror=alert(1)>", "plain")


def keep(name: str, classes: tuple[str, ...], n: int = 2) -> str:
    """Make the own data set `name` of digits' size with n images a class; the id it has."""
    files = {
        f"{one.replace('/', '|')}/{i}.png": image_file(28, 28, seed=n * k + i)
        for k, one in enumerate(classes)
        for i in range(n)
    }
    draft = gather(offers(files), Form((28, 28), 1, "pad"), "a test")
    return f"own:{make(draft, name, Keeping(test_share=0.5)).name}"


def labels(sizes: list[int]) -> np.ndarray:
    """Labels of so many images of each class, class by class."""
    return np.repeat(np.arange(len(sizes)), sizes)
