"""Packed pictures in the browser's own modules, bit by bit what Python packed."""

import base64
from typing import Any

import numpy as np
import pytest

from core.robustness.sweeps import Quantised
from pages.ui.components import plane
from pages.ui.components.component import Body, Packed
from pages.ui.components.sweep import (
    Affine,
    Cell,
    Difference,
    Frames,
    Pictures,
    Row,
    Still,
    Sweep,
    Switched,
    message,
    packing,
)
from pages.ui.figures import theme
from tests.pages.components.conftest import AskScript, base64_of
from tests.pages.unpacking import unpacked

SCRIPT = "messages_in_node.js"
N_FRAMES, N_IMAGES = 7, 3
VALUES = np.linspace(0, 1, N_FRAMES)
CELLS = tuple(Cell(str(i), "") for i in range(N_IMAGES))
SCALE = 0.5
SHAPES = [(1, 5, 4), (3, 6, 5)]
Shape = tuple[int, int, int]


def array(text: str, dtype: Any) -> Any:
    return np.frombuffer(base64.b64decode(text), dtype)


def sent(*pictures: Pictures) -> bytes:
    rows = tuple(Row("", "reconstructed", one) for one in pictures)
    return message(packing.pack(Sweep("", VALUES, CELLS, rows, error_scale=SCALE)), 0.0)


def all_kinds(shape: Shape) -> tuple[Pictures, ...]:
    """A row of each kind; Affine and Quantised leave [0, 1], and sums of the latter overflow."""
    rng = np.random.default_rng(0)
    x, other = rng.random((2, N_IMAGES, *shape), np.float32)
    frames = rng.random((N_FRAMES, N_IMAGES, *shape), np.float32)
    changes = rng.integers(0, 256, (N_IMAGES, *shape, N_FRAMES), np.uint8)
    threshold = rng.random((N_IMAGES, 1, *shape[1:]), np.float32)
    return (
        Still(x),
        Affine(6 * x - 3, 4 * other - 2),
        Switched(x, other, threshold),
        Frames(frames),
        Quantised(changes, -0.5, 1.5),
        Difference(of=3, against=0),
    )


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("frame", [0, 3, N_FRAMES - 1])
def test_rows_of_all_kinds_are_drawn_as_they_were_packed(
    shape: Shape, frame: int, ask_script: AskScript
) -> None:
    content = sent(*all_kinds(shape))
    twin = unpacked(content)
    (rows,) = ask_script(SCRIPT, {"do": "sweep", "message": base64_of(content), "frame": frame})
    assert [row["moves"] for row in rows] == [False, True, True, True, True, True]
    for r, row in enumerate(rows[:-1]):
        values = array(row["values"], np.float32).reshape(N_IMAGES, *shape)
        np.testing.assert_allclose(values, twin.pictures(r, frame), rtol=0, atol=3e-7)
        painted = array(row["painted"], np.uint8).reshape(N_IMAGES, *shape[1:], 4)[..., :3]
        expected = np.rint(np.clip(255 * values.astype(np.float64), 0, 255))
        drawn = np.broadcast_to(np.moveaxis(expected, 1, -1), painted.shape)
        np.testing.assert_array_equal(painted, drawn)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_bytes_of_pictures_arrive_bit_by_bit(shape: Shape, ask_script: AskScript) -> None:
    x = np.random.default_rng(1).integers(0, 256, (N_FRAMES, N_IMAGES, *shape), np.uint8)
    shares: Any = x.astype(np.float32) / 255
    content = sent(Still(shares[2]), Frames(shares))
    for frame in (0, N_FRAMES - 1):
        (rows,) = ask_script(SCRIPT, {"do": "sweep", "message": base64_of(content), "frame": frame})
        for row, expected in zip(rows, (x[2], x[frame]), strict=True):
            painted = array(row["painted"], np.uint8).reshape(N_IMAGES, *shape[1:], 4)[..., :3]
            drawn = np.broadcast_to(np.moveaxis(expected, 1, -1), painted.shape)
            np.testing.assert_array_equal(painted, drawn)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_difference_is_drawn_in_the_colour_of_its_size(shape: Shape, ask_script: AskScript) -> None:
    content = sent(*all_kinds(shape))
    (rows,) = ask_script(SCRIPT, {"do": "sweep", "message": base64_of(content), "frame": 2})
    errors = unpacked(content).pictures(5, 2)[:, 0]
    values = array(rows[5]["values"], np.float32).reshape(N_IMAGES, *shape)[:, 0]
    np.testing.assert_allclose(values, errors, rtol=0, atol=1e-6)
    painted = array(rows[5]["painted"], np.uint8).reshape(N_IMAGES, *shape[1:], 4)[..., :3]
    steps = np.minimum(255, np.floor(values.astype(np.float64) * 255 + 0.5)).astype(int)
    np.testing.assert_array_equal(painted, theme.ERROR_COLOURS[steps])


def test_arrays_of_a_plane_arrive_bit_by_bit(ask_script: AskScript) -> None:
    rng = np.random.default_rng(0)
    parts = {
        "odd": rng.integers(0, 256, 5, np.uint8),  # what follows still begins where it may
        "which": rng.integers(0, 2**16, 7, np.uint16),
        "far": rng.integers(0, 2, 3, np.uint8),
        "distance": rng.random(9, np.float32),
    }
    body = Body()
    places = {name: body.put(values) for name, values in parts.items()}
    content = Packed({"places": places}, bytes(body.content)).message()
    asked = {"do": "plane", "message": base64_of(content), "names": list(parts)}
    (answer,) = ask_script(SCRIPT, asked)
    for text, expected in zip(answer, parts.values(), strict=True):
        np.testing.assert_array_equal(array(text, expected.dtype), expected)


def test_points_of_a_plane_arrive_bit_by_bit(ask_script: AskScript) -> None:
    rng = np.random.default_rng(0)
    shares, colours = rng.random((5, 2)), rng.integers(0, 256, (5, 3), np.uint8)
    marks = rng.integers(0, 256, 5, np.uint8)
    content = plane.dots(shares, colours, marks).message(selected=[1])
    (found,) = ask_script(SCRIPT, {"do": "points", "message": base64_of(content)})
    at = array(found["at"], np.uint16).reshape(5, 2)
    np.testing.assert_array_equal(at, np.rint(shares * 65535))
    np.testing.assert_array_equal(array(found["colours"], np.uint8).reshape(5, 3), colours)
    np.testing.assert_array_equal(array(found["marks"], np.uint8), marks)
