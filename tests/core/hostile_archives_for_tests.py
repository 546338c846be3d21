"""Archives that a stranger may offer, made here: a good image, something wrong, a good image."""

import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

MB = 1 << 20
GOOD = ("first.png", "last.png")


def png(seed: int = 0, side: int = 16) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


class Attack(NamedTuple):
    """An archive.  n_good: images in it that can be read.  reason: words of what is refused."""

    suffix: str
    make: Callable[[], bytes]
    reason: str
    n_good: int = 2


# Zip files, written here byte by byte: zipfile writes none of these.


def member(name: bytes, content: bytes = b"", **changed: Any) -> tuple[bytes, bytes]:
    """A file of a zip archive, and its entry in the table of contents but for its place."""
    field: dict[str, Any] = {"flags": 0, "method": 0, "mode": 0, "made": 3, "needs": 20} | changed
    packed = field.get("packed_as", b"") or content
    if field["method"] == zipfile.ZIP_DEFLATED:
        packed = zlib.compress(content, 9, -15)
    check, size = zlib.crc32(content), field.get("size", len(content))
    common = struct.pack(
        "<5H3L", field["needs"], field["flags"], field["method"], 0, 33, check, len(packed), size
    )
    extra = field.get("extra", b"")
    header = b"PK\3\4" + common + struct.pack("<2H", len(name), 0) + name + packed
    entry = b"PK\1\2" + struct.pack("<H", field["made"] << 8 | 63) + common
    entry += struct.pack("<5HL", len(name), len(extra), 0, 0, 0, field["mode"] << 16)
    return header, entry + b"%place" + name + extra


def zip_of(*members: tuple[bytes, bytes], spoil: bytes = b"") -> bytes:
    """spoil: what stands in the table of contents after the first entry."""
    files, table = b"", b""
    for i, (header, entry) in enumerate(members):
        table += entry.replace(b"%place", struct.pack("<L", len(files)), 1)
        table += spoil if i == 0 else b""
        files += header
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, len(members), len(members), len(table), len(files), 0
    )
    return files + table + end


def good_members() -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
    first, last = (member(name.encode(), png(i)) for i, name in enumerate(GOOD))
    return first, last


def zipped(name: bytes, content: bytes = b"bad", **changed: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        first, last = good_members()
        return zip_of(first, member(name, content, **changed), last)

    return make


def zip_with(spoil: bytes) -> bytes:
    return zip_of(*good_members(), spoil=spoil)


# Tar files.


def header(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, link
    return info.tobuf(tarfile.GNU_FORMAT)


def file(name: str, content: bytes, kind: bytes = tarfile.REGTYPE) -> bytes:
    return header(name, len(content), kind) + content + bytes(-len(content) % tarfile.BLOCKSIZE)


def pax(**records: str) -> bytes:
    text = b""
    for key, value in records.items():
        rest = f" {key.replace('__', '.')}={value}\n".encode()
        length = len(rest) + 1
        while len(str(length)) + len(rest) != length:
            length += 1
        text += str(length).encode() + rest
    return file("pax", text, tarfile.XHDTYPE)


def tar_of(*parts: bytes) -> bytes:
    return b"".join(parts) + bytes(2 * tarfile.BLOCKSIZE)


def tarred(*parts: bytes) -> Callable[[], bytes]:
    def make() -> bytes:
        return tar_of(file(GOOD[0], png(0)), *parts, file(GOOD[1], png(1)))

    return make


def spoilt(header: bytes) -> bytes:
    """Its checksum does not fit any more."""
    return b"\xff" + header[1:]


def gz_of(parts: Iterable[bytes | int]) -> bytes:
    """Packed with gzip, zeros given by their number quickly; the sum at the end is none."""
    packer = zlib.compressobj(9, wbits=31)
    zeros = [packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)][1]
    packer = zlib.compressobj(9, wbits=31)
    packed = []
    for part in parts:
        if isinstance(part, int):
            packed += [zeros] * (part // MB)
        else:
            packed.append(packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH))
    return b"".join(packed)


def gz_tar(*parts: bytes | int) -> Callable[[], bytes]:
    return lambda: gz_of([file(GOOD[0], png(0)), *parts, file(GOOD[1], png(1))])


def one_stem(n: int) -> list[bytes | int]:
    """So many files of 24 MB that share a stem."""
    parts: list[bytes | int] = []
    for i in range(n):
        parts += [header(f"stem.{i}.png", 24 * MB), 24 * MB]
    return parts


# Parquet files.


def parquet_of(columns: dict[str, Any], **options: Any) -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.table(columns), written, **({"compression": "zstd"} | options))
    return written.getvalue()


def repeated(values: list[bytes], rows: list[int], kind: Any) -> Any:
    """A column whose values are stored once."""
    return pa.DictionaryArray.from_arrays(pa.array(rows, pa.int32()), pa.array(values, kind))


def dictionary_bomb(n: int, value: bytes) -> bytes:
    """The images are in row groups of their own."""
    written = io.BytesIO()
    groups = [
        repeated([png(0)], [0], pa.binary()),
        repeated([value], [0] * n, pa.binary()),
        repeated([png(1)], [0], pa.binary()),
    ]
    tables = [pa.table({"image": group}) for group in groups]
    with pq.ParquetWriter(written, tables[0].schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)
    return written.getvalue()


def struct_bomb(n: int) -> bytes:
    content = repeated([bytes(2 * MB)], [0] * n, pa.binary())
    return parquet_of({"image": pa.StructArray.from_arrays([content], ["bytes"])})


def groups_of(*groups: list[bytes], **options: Any) -> bytes:
    written = io.BytesIO()
    tables = [pa.table({"image": pa.array(group, pa.binary())}) for group in groups]
    options = {"compression": "zstd", "use_dictionary": False} | options
    with pq.ParquetWriter(written, tables[0].schema, **options) as writer:
        for table in tables:
            writer.write_table(table)
    return written.getvalue()


def page_bomb(n_mb: int) -> bytes:
    return groups_of([png(0)], [bytes(MB)] * n_mb, [png(1)])


def prefix_bomb(n: int) -> bytes:
    """Each value is the one before it and a byte."""
    values = [bytes(10 * MB) + bytes([i]) for i in range(n)]
    options = {"column_encoding": {"image": "DELTA_BYTE_ARRAY"}}
    return groups_of([png(0)], values, [png(1)], **options)


def lying_page_bomb(n_mb: int) -> bytes:
    """Its metadata say of the large page that it is small: numbers in the footer are changed."""
    content = page_bomb(n_mb)
    metadata = pq.read_metadata(io.BytesIO(content))
    chunk = metadata.row_group(1).column(0)
    for number in (chunk.total_uncompressed_size, metadata.row_group(1).total_byte_size):
        told = varint(2 * number)
        lie = bytes([0x80 | 2] + [0x80] * (len(told) - 2) + [0])
        content = content.replace(told, lie)
    return content


def varint(number: int) -> bytes:
    found = bytearray()
    while number >= 0x80:
        found.append(0x80 | number & 0x7F)
        number >>= 7
    return bytes([*found, number])


def row_bomb(n: int) -> bytes:
    return parquet_of({"image": pa.array([png(0), *[None] * n, png(1)], pa.binary())})


def label_bomb(n: int) -> bytes:
    labels = repeated([b"x" * 5 * MB], [0] * n, pa.string())
    images = pa.array([png(i % 2) for i in range(n)], pa.binary())
    return parquet_of({"image": images, "label": labels})


def two_names() -> bytes:
    ids = ["first.png", "x", "x", "", "last.png"]
    return parquet_of({"id": ids, "image": [png(i) for i in range(5)]})


ATTACKS: dict[str, Attack] = {
    "zip without a name": Attack(".zip", zipped(b""), "has no name"),
    "zip with a name of NULs": Attack(".zip", zipped(b"a\0b.png"), "a NUL"),
    "zip with one name twice": Attack(".zip", zipped(b"first.png", png(9)), "occurs twice"),
    "zip with a name that goes up": Attack(".zip", zipped(b"../x.png", png()), "leads out"),
    "zip with an absolute name": Attack(".zip", zipped(b"/etc/x.png", png()), "leads out"),
    "zip with a drive": Attack(".zip", zipped(b"C:\\x.png", png()), "leads out"),
    "zip with a long name": Attack(".zip", zipped(b"x" * 60_000, png()), "more than 400"),
    "zip with a folder that holds data": Attack(".zip", zipped(b"a/", png()), "like a folder"),
    "zip with a link": Attack(".zip", zipped(b"a.png", b"/etc/passwd", mode=0o120777), "a link"),
    "zip with a device": Attack(".zip", zipped(b"a.png", mode=stat.S_IFCHR), "a device"),
    "zip with an encrypted file": Attack(".zip", zipped(b"a.png", flags=1), "encrypted"),
    "zip packed in another way": Attack(".zip", zipped(b"a.png", method=12), "unusual way"),
    "zip of a later version": Attack(".zip", zipped(b"a.png", needs=99), "no PNG"),
    "zip marked as UTF-8 that is none": Attack(
        ".zip", zipped(b"\xff.png", flags=1 << 11), "no PNG"
    ),
    "zip with an extra field cut short": Attack(
        ".zip", zipped(b"a.png", extra=b"\1\0\xff"), "no PNG"
    ),
    "zip with a size that lies": Attack(".zip", zipped(b"a.png", png(), size=9), "damaged"),
    "zip bomb": Attack(".zip", zipped(b"a.png", bytes(30 * MB), method=8), "more tightly"),
    "zip in a zip": Attack(".zip", zipped(b"a.zip", zip_of(member(b"a"))), "archive inside"),
    "zip whose table breaks off": Attack(".zip", lambda: zip_with(b"broken"), "from here on", 1),
    "tar without a name": Attack(".tar", tarred(file("", png())), "has no name"),
    "tar with one name twice": Attack(".tar", tarred(file(GOOD[0], png(9))), "occurs twice"),
    "tar with a name that goes up": Attack(
        ".tar", tarred(file("a/../../x.png", png())), "leads out"
    ),
    "tar with an absolute name": Attack(".tar", tarred(file("/etc/x.png", png())), "leads out"),
    "tar with a link": Attack(
        ".tar", tarred(header("a.png", 0, tarfile.SYMTYPE, "/etc/passwd")), "a link"
    ),
    "tar with a hard link": Attack(
        ".tar", tarred(header("a.png", 0, tarfile.LNKTYPE, "first.png")), "a link"
    ),
    "tar with a device": Attack(".tar", tarred(header("a.png", 0, tarfile.CHRTYPE)), "a device"),
    "tar with a pipe": Attack(".tar", tarred(header("a.png", 0, tarfile.FIFOTYPE)), "a pipe"),
    "tar with a file of another kind": Attack(".tar", tarred(file("a", b"x", b"Z")), "unusual way"),
    "tar with holes": Attack(
        ".tar", tarred(pax(GNU__sparse__major="1"), file("a.png", png())), "with holes"
    ),
    "tar with holes, as GNU tar wrote": Attack(
        ".tar", tarred(header("a.png", 0, tarfile.GNUTYPE_SPARSE)), "with holes"
    ),
    "tar with a file that is too large": Attack(
        ".tar", tarred(file("a.png", bytes(26 * MB))), "larger than 25 MB"
    ),
    "tar with a pax record that is none": Attack(
        ".tar", tarred(file("pax", b"99 path=x\n", tarfile.XHDTYPE), file("a", b"")), "describes it"
    ),
    "tar with a pax header of 2 MB": Attack(
        ".tar", tarred(file("pax", bytes(2 * MB), tarfile.XHDTYPE), file("a", b"")), "than 1 MB"
    ),
    "tar with a negative size": Attack(
        ".tar", tarred(pax(size="-512"), file("a", b"")), "describes it"
    ),
    "tar with a damaged header": Attack(".tar", tarred(spoilt(header("a.png"))), "from here on", 1),
    "tar cut short": Attack(".tar", lambda: tarred()()[:-1400], "from here on", 1),
    "tar cut short in a file that is too large": Attack(
        ".tar", lambda: tarred(header("a", 30 * MB), bytes(MB))()[:MB], "from here on", 1
    ),
    "tar cut short in a file that is too large, then packed": Attack(
        ".tar.gz",
        lambda: gzip.compress(tarred(header("a", 30 * MB), bytes(MB))()[:MB]),
        "from here on",
        1,
    ),
    "tar.gz cut short": Attack(
        ".tar.gz", lambda: gzip.compress(tarred()())[:-200], "from here on", 1
    ),
    "tar.gz with a pax header of 300 MB": Attack(
        ".tar.gz", gz_tar(header("x", 300 * MB, tarfile.XHDTYPE), 300 * MB), "more tightly", 1
    ),
    "tar.gz with a name of 300 MB": Attack(
        ".tar.gz", gz_tar(header("x", 300 * MB, tarfile.GNUTYPE_LONGNAME), 300 * MB), "tightly", 1
    ),
    "tar.gz with a sample of 300 MB": Attack(".tar.gz", gz_tar(*one_stem(12)), "more tightly", 1),
    "parquet with one name twice": Attack(".parquet", two_names, "occurs twice", 4),
    "parquet with a dictionary of 2 GB": Attack(
        ".parquet", lambda: dictionary_bomb(1_000, bytes(2 * MB)), "more tightly"
    ),
    "parquet with a dictionary that is small": Attack(
        ".parquet", lambda: dictionary_bomb(5_000, bytes(900_000)), "more tightly", 1
    ),
    "parquet with structs of 2 GB": Attack(
        ".parquet", lambda: struct_bomb(1_000), "more tightly", 0
    ),
    "parquet with a page of 100 MB": Attack(".parquet", lambda: page_bomb(100), "more tightly"),
    "parquet with prefixes": Attack(".parquet", lambda: prefix_bomb(20), "more tightly"),
    "parquet with rows of nothing": Attack(".parquet", lambda: row_bomb(9_000), "no bytes"),
    "parquet with labels of 5 MB": Attack(".parquet", lambda: label_bomb(400), "more tightly", 0),
}
