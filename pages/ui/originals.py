"""Originals of a person's images for components and pages: their address, and the file sent."""

import hmac
import io
import re
import secrets
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from PIL import Image

from core.data.own import originals as own_originals

PATH = "hourglass/original"  # what the browser asks for; see server/originals.py
ZIP_PATH = "hourglass/originals.zip"  # many of them in one archive
_SECRET = secrets.token_bytes(16)  # of this process: whoever knows an address was shown it
EXACT = 512 * 512  # pixels up to which a picture is sent without loss


def address(data_id: str, image_id: str) -> str:
    """Where a browser finds the original of an image, decoded and encoded anew; "" if there is
    none, as far as can be told without reading it.

    With &side=N it is no larger than N pixels a side, with &about=1 it is what its file says.
    """
    if not own_originals.may_be_had(data_id, image_id):
        return ""
    return _at(PATH, {"set": data_id, "id": image_id})


def _at(path: str, query: dict[str, str]) -> str:
    base = st.get_option("server.baseUrlPath").strip("/")
    return f"{f'/{base}' if base else ''}/{path}?{urlencode(query, errors='replace')}"


@dataclass(frozen=True)
class Basket:
    """Images whose originals are sent in one archive.  name: of the archive, without its ending.

    table: (n rows) what is known of each image, in the order of ids.
    """

    data_id: str
    ids: tuple[str, ...]
    name: str
    table: Callable[[], bytes]


MOST_BASKETS = 64
_baskets: OrderedDict[str, Basket] = OrderedDict()


def zip_address(basket: Basket) -> str:
    """Where a browser finds the originals in one archive, until MOST_BASKETS others were asked for.

    The same images are always at the same address, which nobody can guess.
    """
    said = repr((basket.data_id, basket.ids, basket.name)).encode()
    token = hmac.digest(_SECRET, said, "sha256").hex()[:32]
    _baskets[token] = basket
    _baskets.move_to_end(token)
    while len(_baskets) > MOST_BASKETS:
        _baskets.popitem(last=False)
    return _at(ZIP_PATH, {"basket": token})


def basket(token: str) -> Basket | None:
    """What is in the archive of an address."""
    return _baskets.get(token)


MOST_FILES, MOST_BYTES = 20_000, 2 << 30  # of an archive
LONGEST = 120  # letters of a name in an archive
_UNSAFE = re.compile(r"[^\w.()+,=@~ -]")


def zipped(one: Basket) -> Iterator[bytes]:
    """The archive, piece by piece: the files as they were offered, and ids.csv.

    An image that has no other original is a PNG. Files that cannot be had, or would make the
    archive too large, are named in left-out.txt.
    """
    stream, left_out, total = _Stream(), list[str](), 0
    names = archive_names(one.ids)
    with zipfile.ZipFile(stream, "w") as archive:
        for name, image_id in zip(names, one.ids, strict=True):
            content = _file(one.data_id, image_id) if total <= MOST_BYTES else None
            if content is None or total + len(content) > MOST_BYTES:
                left_out.append(image_id)
                continue
            total += len(content)
            archive.writestr(name, content)
            yield stream.taken()
        archive.writestr("ids.csv", one.table())
        if left_out:
            said = "These originals could not be had, or would make the archive too large:"
            archive.writestr("left-out.txt", "\n".join([said, *left_out]))
    yield stream.taken()


def _file(data_id: str, image_id: str) -> bytes | None:
    """The file as it was offered, or a PNG of what there is."""
    content = own_originals.file_of(data_id, image_id)
    if content is None:
        found = own_originals.find(data_id, image_id).image
        content = None if found is None else _png(found)
    return content


def archive_names(ids: Sequence[str]) -> list[str]:
    """A name in an archive for each image: its id without what could lead out, all different."""
    found, taken = list[str](), {"ids.csv", "left-out.txt"}
    for i, image_id in enumerate(ids):
        parts = [_UNSAFE.sub("_", part).strip(" .") for part in image_id.split("/")]
        path = "/".join(part for part in parts if part)[-LONGEST:].lstrip("/. ") or "image"
        folder, slash, last = path.rpartition("/")
        name = path if path.lower() not in taken else f"{folder}{slash}{i}-{last}"
        taken.add(name.lower())
        found.append(name)
    return found


class _Stream(io.RawIOBase):
    """A file that only takes; what it took is handed on."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:  # any buffer
        self._pieces.append(bytes(content))
        return len(content)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def encoded(image: Image.Image) -> tuple[bytes, str]:
    """A picture as a file without metadata, and its media type: PNG if small, else JPEG."""
    if image.width * image.height <= EXACT:
        return _png(image), "image/png"
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92, subsampling=0)
    return file.getvalue(), "image/jpeg"
