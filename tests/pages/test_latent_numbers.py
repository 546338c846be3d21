"""The Latent space page's numbers, kept on disk."""

from pathlib import Path

import pytest

from core import checkpoints
from core.background import Jobs
from core.checkpoints import Card
from core.computing import results
from pages.ui import cache, progress
from pages.ui.latent import jobs as latent_jobs
from pages.ui.latent.data import SampleSpec

SPEC = SampleSpec("mnist-5k", "test", False, 1000, 0)


@pytest.fixture
def card(home: Path, only_tiny_models: Path) -> Card:
    return checkpoints.load("tiny-dense").card


def restart(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a server that has done nothing yet."""
    jobs = Jobs()
    monkeypatch.setattr(progress, "jobs", lambda: jobs)
    cache.shelf().clear()


def test_numbers_measured_before_a_restart_are_there_after_it(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    restart(monkeypatch)
    assert latent_jobs.numbers(SPEC, card) is None
    latent_jobs.start_numbers(SPEC, card).wait(120)
    restart(monkeypatch)
    measured = latent_jobs.numbers(SPEC, card)
    assert measured is not None
    assert [one.size for one in measured] == [3, 784, 3]
    restart(monkeypatch)
    assert latent_jobs.numbers(SPEC, card) == measured


def test_numbers_on_the_disk_that_are_damaged_are_not_shown(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    restart(monkeypatch)
    latent_jobs.start_numbers(SPEC, card).wait(120)
    assert latent_jobs.numbers(SPEC, card) is not None
    for file in results.folder().glob(f"*{results.SUFFIX}"):
        content = bytearray(file.read_bytes())
        content[-20] ^= 1
        file.write_bytes(content)
    restart(monkeypatch)
    assert latent_jobs.numbers(SPEC, card) is None
