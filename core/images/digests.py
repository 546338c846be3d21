"""Digests of images: eight bytes made of the shape and the pixels.

By these it is decided which images a model has seen in its training, whatever sets or files they
come from. Imports nothing from core.
"""

import hashlib

import numpy as np
import numpy.typing as npt

Digests = npt.NDArray[np.uint8]
SIZE = 8  # bytes: among a million images two are taken for one with a chance of 1 in 37 million
MOST = 1_000_000  # that a checkpoint holds


def of(images: npt.NDArray[np.uint8]) -> Digests:
    """The digest of each image as it was prepared: (n, C, H, W) -> (n, 8).

    The first eight bytes of BLAKE2b over the shape, as three little-endian numbers of four bytes,
    and the pixels.
    """
    found = np.empty((len(images), SIZE), np.uint8)
    begin = hashlib.blake2b(np.array(images.shape[1:], "<u4").tobytes())
    for row, x in zip(found, images, strict=True):
        one = begin.copy()
        one.update(np.ascontiguousarray(x).data)
        row[:] = np.frombuffer(one.digest()[:SIZE], np.uint8)
    return found


def in_order(digests: Digests) -> Digests:
    """The different digests among these, rising: (n, 8) -> (m, 8)."""
    return np.unique(_numbers(digests)).astype(">u8").view(np.uint8).reshape(-1, SIZE)


def are_in_order(digests: Digests) -> bool:
    """Whether they are as in_order() gives them."""
    numbers = _numbers(digests)
    return bool((numbers[1:] > numbers[:-1]).all())


def among(digests: Digests, known: Digests) -> npt.NDArray[np.bool_]:
    """Which digests are among the known ones, which are in order: (n, 8), (m, 8) -> (n,)."""
    wanted, numbers = _numbers(digests), _numbers(known)
    if not len(numbers):
        return np.zeros(len(wanted), np.bool_)
    at = np.minimum(np.searchsorted(numbers, wanted), len(numbers) - 1)
    return np.asarray(numbers[at] == wanted)


def _numbers(digests: Digests) -> npt.NDArray[np.uint64]:
    """(n, 8) bytes as (n,) numbers, the first byte the highest."""
    return np.ascontiguousarray(digests).view(">u8").ravel()
