"""Number of pictures in an image file, read from its structure: nothing is decoded, as a bomb could
be in any of them. Imports nothing from core.
"""

import struct

MOST = 100_000  # pictures; counting goes no further
TRAILER, IMAGE, EXTENSION = 0x3B, 0x2C, 0x21
TIFFS = {  # byte order, then: offset of the first directory; numbers of entries, entry, next offset
    b"II*\0": ("<", 4, "H", 12, "L"),
    b"MM\0*": (">", 4, "H", 12, "L"),
    b"II+\0": ("<", 8, "Q", 20, "Q"),
    b"MM\0+": (">", 8, "Q", 20, "Q"),
}
NEW_SUBFILE_TYPE, REDUCED, MASK = 254, 1, 4


def gif_frames(content: bytes) -> int:
    """The frames of a GIF file, up to where it is damaged."""
    n, at = 0, 13 + _palette_bytes(content[10:11])
    while at < len(content) and n < MOST:
        kind = content[at]
        if kind == IMAGE:
            n += 1
            at = _after_blocks(content, at + 11 + _palette_bytes(content[at + 9 : at + 10]))
        elif kind == EXTENSION:
            at = _after_blocks(content, at + 2)
        else:  # the end, or damage
            return n
    return n


def tiff_pages(content: bytes) -> int:
    """The pages of a TIFF file, up to where it is damaged; small copies and masks are none."""
    if content[:4] not in TIFFS:
        return 0
    order, start, count_code, entry_bytes, offset_code = TIFFS[content[:4]]
    count, offset = struct.Struct(order + count_code), struct.Struct(order + offset_code)
    n, seen = 0, set[int]()
    try:
        (at,) = offset.unpack_from(content, start)
        while at and at not in seen and len(seen) < MOST:
            seen.add(at)
            (n_entries,) = count.unpack_from(content, at)
            first = at + count.size
            n += _is_page(content, first, order, entry_bytes)
            (at,) = offset.unpack_from(content, first + n_entries * entry_bytes)
    except struct.error:
        pass
    return n


def _palette_bytes(flags: bytes) -> int:
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _after_blocks(content: bytes, at: int) -> int:
    """Where the chain of blocks that begins there ends."""
    while at < len(content) and content[at]:
        at += 1 + content[at]
    return at + 1


def _is_page(content: bytes, first: int, order: str, entry_bytes: int) -> bool:
    """Whether a directory is of a page. Tags are sorted: what kind it is comes first, if at all."""
    tag, _ = struct.unpack_from(f"{order}HH", content, first)
    (value,) = struct.unpack_from(f"{order}L", content, first + (8 if entry_bytes == 12 else 12))
    return tag != NEW_SUBFILE_TYPE or not value & (REDUCED | MASK)
