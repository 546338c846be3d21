"""The content of a page that stands alone."""

import json
import zlib
from typing import Any

import numpy as np
import pytest

from core import checkpoints
from core.config import DataError
from core.data import catalogue
from core.export import standalone
from core.inference import Autoencoder
from pages.ui.components import takeaway
from tests.core.models_for_tests import tiny_checkpoint

LIMIT = 5_000_000  # bytes


def unpacked(content: bytes) -> tuple[dict[str, Any], bytes]:
    whole = zlib.decompress(content)
    length = int.from_bytes(whole[:4], "little")
    return json.loads(whole[4 : 4 + length]), whole[4 + length :]


def array(place: dict[str, Any], body: bytes) -> np.ndarray:
    dtype = {"u1": "u1", "i2": "<i2", "f4": "<f4"}[place["type"]]
    return np.frombuffer(body, dtype, place["length"], place["at"])


def test_largest_shipped_model_with_a_thousand_images_makes_less_than_five_megabytes() -> None:
    model = checkpoints.load("mnist-overcomplete")
    images = catalogue.load("mnist-5k", "test")
    content = standalone.content([model], images, "Digits")
    assert unpacked(content)[0]["set"]["n"] == standalone.MAX_IMAGES
    assert len(takeaway.page(content, "x")) < LIMIT


def test_images_errors_and_codes_are_those_of_the_server() -> None:
    model = tiny_checkpoint("dense", (1, 28, 28))
    images = catalogue.load("mnist-5k", "test").take(slice(0, 20))
    header, body = unpacked(standalone.content([model], images, "Digits"))
    np.testing.assert_array_equal(array(header["set"]["images"], body), images.images.ravel())
    server, (found,) = Autoencoder(model), header["models"]
    expected = server.errors(images.pixels())
    np.testing.assert_allclose(array(found["errors"], body), expected, rtol=1e-4)
    axes = found["axes"]
    parts = {name: array(axes[name], body) for name in ("origin", "directions", "coordinates")}
    z = server.encode(images.pixels())
    along = (z - parts["origin"]) @ parts["directions"].reshape(axes["n"], -1).T
    np.testing.assert_allclose(parts["coordinates"].reshape(along.shape), along, atol=1e-4)


def test_what_cannot_be_taken_away_is_said() -> None:
    small, other = tiny_checkpoint("dense"), tiny_checkpoint("dense", (3, 16, 17))
    assert "one size" in standalone.refused([small.card, other.card])
    assert "at most 2" in standalone.refused([small.card] * 3)
    assert standalone.refused([small.card, small.card]) == ""
    images = catalogue.load("mnist-5k", "test").take(slice(0, 1))
    with pytest.raises(DataError, match="at least two images"):
        standalone.content([small], images, "x")
