"""Maps on the disk: there after a restart, and not for other images under the same name."""

from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from PIL import Image

from core import checkpoints
from core.checkpoints import Card
from core.data import catalogue
from core.inference import Autoencoder
from core.latent.geometry import Array
from pages.ui import cache, progress
from pages.ui.latent import jobs as latent_jobs
from pages.ui.latent.data import SampleSpec

N = 60


@pytest.fixture
def card(home: Path, only_tiny_models: Path) -> Card:
    return checkpoints.load("tiny-dense").card


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of N digits."""
    folder = tmp_path / "digits"
    folder.mkdir()
    images = catalogue.load("mnist-5k").images[:N, 0]
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{i:02d}.png")
    return folder


@pytest.fixture
def projected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A projection that takes no time."""
    monkeypatch.setattr(latent_jobs, "project_apart", lambda z, *_: np.array(z[:, :2]))


def spec(folder: Path) -> SampleSpec:
    return SampleSpec(f"folder:{folder}", "all", False, 1000, 0)


def codes(folder: Path) -> Array:
    return Autoencoder.load("tiny-dense").encode(
        catalogue.load(spec(folder).dataset, "all").pixels()
    )


def restart() -> None:
    """As on a server that has read nothing yet."""
    progress.jobs()._jobs.clear()
    st.cache_resource.clear()
    cache.shelf()


def map_of(folder: Path, card: Card) -> Array | None:
    return latent_jobs.places(spec(folder), card, "pacmap")


@pytest.mark.usefixtures("projected")
def test_map_is_there_after_a_restart_and_not_once_an_image_has_changed(
    folder: Path, card: Card
) -> None:
    z = codes(folder)
    latent_jobs.start_projection(spec(folder), card, "pacmap", z).wait(60)
    restart()
    np.testing.assert_array_equal(map_of(folder, card), z[:, :2])
    Image.new("L", (28, 28), 90).save(folder / "07.png")
    restart()
    assert map_of(folder, card) is None


def test_names_of_maps_on_disk_do_not_change_with_the_name_of_the_class() -> None:
    text = "Crowd(dataset='mnist-5k', split='test', with_other=True, most=9, seed=1)"
    assert str(SampleSpec("mnist-5k", "test", with_other=True, most=9, seed=1)) == text
