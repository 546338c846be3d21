import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.images import digests


def test_digest_is_the_beginning_of_blake2b_over_shape_and_pixels() -> None:
    x = np.random.default_rng(0).integers(0, 256, (3, 2, 4, 5), dtype=np.uint8)
    begin = b"\2\0\0\0\4\0\0\0\5\0\0\0"
    expected = [hashlib.blake2b(begin + one.tobytes()).digest()[:8] for one in x]
    assert [one.tobytes() for one in digests.of(x)] == expected
    assert [one.tobytes() for one in digests.of(x[:, :, :, ::1])] == expected


def test_equal_pixels_in_another_shape_are_another_image() -> None:
    x = np.zeros((1, 1, 4, 6), np.uint8)
    assert digests.of(x).tolist() != digests.of(x.reshape(1, 1, 6, 4)).tolist()


@given(st.lists(st.binary(min_size=8, max_size=8)), st.lists(st.binary(min_size=8, max_size=8)))
def test_digests_are_found_among_those_known(first: list[bytes], second: list[bytes]) -> None:
    def array(rows: list[bytes]) -> np.ndarray:
        return np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 8)

    known = digests.in_order(array(second))
    assert [one.tobytes() for one in known] == sorted(set(second))
    assert digests.are_in_order(known)
    wanted = [*first, *second[::2]]
    assert digests.among(array(wanted), known).tolist() == [one in second for one in wanted]
