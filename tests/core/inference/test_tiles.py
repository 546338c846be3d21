"""Large pictures in overlapping tiles."""

from typing import Any

import numpy as np
import pytest

from core.config import DataError
from core.inference import Autoencoder
from core.inference.tiles import map_in_tiles
from tests.core.models_for_tests import SHAPE, tiny_checkpoint


def ramp(*shape: int) -> np.ndarray:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape) / np.prod(shape)


@pytest.mark.parametrize("size", [(16, 17), (40, 61), (10, 33), (9, 8), (129, 16)])
def test_map_of_what_every_pixel_says_for_itself_is_that_of_the_whole_picture(
    size: tuple[int, int],
) -> None:
    picture = ramp(1, *size)
    found = map_in_tiles(picture, (16, 17), lambda tiles: tiles[:, 0] ** 2)
    np.testing.assert_allclose(found, picture[0] ** 2, atol=1e-6)


def test_tiles_overlap_by_half_and_their_seams_are_weighed_away() -> None:
    seen: list[int] = []

    def judge(tiles: np.ndarray) -> np.ndarray:
        seen.append(len(tiles))
        flat: Any = np.arange(len(tiles), dtype=np.float32)[:, None, None]
        return np.broadcast_to(flat, (len(tiles), 16, 16))

    found = map_in_tiles(np.zeros((1, 16, 64), np.float32), (16, 16), judge)
    assert sum(seen) == 7
    assert np.abs(np.diff(found[8])).max() < 0.2


def test_repaired_places_have_the_size_of_the_picture_and_are_those_of_its_tiles() -> None:
    model = Autoencoder(tiny_checkpoint("repair"))
    picture = (255 * ramp(1, 50, 40)).astype(np.uint8)
    found = model.repaired_places(picture)
    assert found.shape == (50, 40)
    assert found.min() >= 0
    assert found.max() <= 1
    one = picture[:, : SHAPE[1], : SHAPE[2]].astype(np.float32) / np.float32(255)
    _, whole = model.repair(one[None])
    np.testing.assert_allclose(model.repaired_places(one), whole[0], atol=1e-6)


def test_repaired_places_of_another_kind_of_picture_or_model_are_refused() -> None:
    with pytest.raises(DataError, match="takes pictures of 1 x height x width"):
        Autoencoder(tiny_checkpoint("repair")).repaired_places(ramp(3, 20, 20))
    with pytest.raises(DataError, match="does not say where"):
        Autoencoder(tiny_checkpoint("conv")).repaired_places(ramp(1, 20, 20))
