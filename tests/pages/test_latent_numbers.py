"""The Latent space page's numbers, kept on disk."""

from pathlib import Path

import numpy as np
import pytest

from core import arraycache, checkpoints, datasets
from core.background import Jobs
from core.checkpoints import Card
from core.inference import Autoencoder
from core.mapping.structure import Structure
from pages.ui import cache
from pages.ui.latent import jobs as latent_jobs
from pages.ui.latent.data import Crowd

CROWD = Crowd("mnist-5k", "test", False, 1000, 0)
FOUND = (Structure("codes", 8, 0.25, 0.5, 0.125, 0.75), Structure("pixels", 784, -0.5, 0, 0, 1.0))


@pytest.fixture
def card(home: Path, only_tiny_models: Path) -> Card:
    return checkpoints.load("tiny-dense").card


def restart(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a server that has done nothing yet."""
    jobs = Jobs()
    monkeypatch.setattr(cache, "jobs", lambda: jobs)


def test_numbers_measured_before_a_restart_are_there_after_it(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    restart(monkeypatch)
    assert latent_jobs.numbers(CROWD, card) is None
    z = Autoencoder.load("tiny-dense").encode(datasets.load("mnist-5k").pixels())
    latent_jobs.start_numbers(CROWD, card, z).wait(120)
    measured = latent_jobs.numbers(CROWD, card)
    assert measured is not None
    assert [one.size for one in measured] == [3, 784, 3]
    restart(monkeypatch)
    assert latent_jobs.numbers(CROWD, card) == measured


def test_numbers_kept_that_are_not_those_of_a_structure_are_measured_anew(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    restart(monkeypatch)
    kept = latent_jobs._as_arrays(FOUND)
    file = latent_jobs._file(CROWD, card, "numbers")
    arraycache.write(file, kept)
    assert latent_jobs.numbers(CROWD, card) == FOUND
    arraycache.write(file, kept | {"measured": np.zeros((2, 2))})
    assert latent_jobs.numbers(CROWD, card) is None
