"""The files inside a zip archive that a stranger offers: read as streams, never extracted.

Names inside are labels and never become paths. Imports only core.config and core.data.offers.
"""

import contextlib
import io
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from core.config import DataError, ImageRejected
from core.data.offers import Offer, is_hidden

MAX_FILES = 20_000
MAX_MEMBER = 25 << 20  # bytes
MAX_TOTAL = 1 << 30
MAX_RATIO, FREE_OF_RATIO = 100, 1 << 20
MAX_DIRECTORY = 8 << 20  # bytes of the archive's own table of contents
BLOCK = 1 << 16
PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@contextlib.contextmanager
def open_zip(source: Path | IO[bytes], name: str) -> Iterator[tuple[Offer, ...]]:
    """The files in an archive, each to be read while this lasts; hidden ones are left out.

    name: how to call the archive in a message.  An offer's read() raises ImageRejected for a
    member that is encrypted, a link, an archive, too large, packed too tightly or damaged, and
    for all that come after MAX_TOTAL bytes.
    Raises DataError if it is no zip archive or has more than MAX_FILES files.
    """
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(open(source, "rb")) if isinstance(source, Path) else source
            archive = stack.enter_context(zipfile.ZipFile(_Guarded(file)))
        except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
            raise DataError(f"{name} cannot be opened: check that it is there.") from error
        except Exception as error:  # zipfile raises anything on a broken archive
            raise DataError(f"{name} is not a zip archive that can be read.") from error
        members = [info for info in archive.infolist() if not info.is_dir()]
        members = [info for info in members if not is_hidden(info.filename)]
        if len(members) > MAX_FILES:
            raise DataError(f"{name} holds more than {MAX_FILES:,} files: offer fewer at a time.")
        reader = _Reader(archive)
        yield tuple(Offer(_label(info), reader.reading(info)) for info in members)


def _label(info: zipfile.ZipInfo) -> str:
    return info.filename.encode("utf-8", "replace").decode("utf-8")


class _Guarded(io.RawIOBase):
    """A file that refuses to be read in one piece larger than a table of contents may be."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, -1 = all; ValueError if they are more than a table may have."""
        content = self._file.read(MAX_DIRECTORY + 1 if size < 0 else min(size, MAX_DIRECTORY + 1))
        if len(content) > MAX_DIRECTORY:
            raise ValueError("the table of contents is too large")
        return content


class _Reader:
    """Reads members and counts their bytes together; what headers say of sizes is not believed."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive, self.total = archive, 0

    def reading(self, info: zipfile.ZipInfo) -> Callable[[], bytes]:
        """read() of this member, to be called later."""
        return lambda: self.read(info)

    def read(self, info: zipfile.ZipInfo) -> bytes:
        """A member's bytes; ImageRejected, naming the reason, if it is not to be had or trusted."""
        if reason := _forbidden(info):
            raise ImageRejected(f"It {reason}.")
        try:
            with self.archive.open(info) as stream:
                content = self._take(stream, info.compress_size)
        except ImageRejected:
            raise
        except Exception as error:  # zipfile raises anything on a broken archive
            raise ImageRejected("It is damaged inside the archive.") from error
        if content.startswith(b"PK\x03\x04"):
            raise ImageRejected("It is an archive inside the archive: offer it by itself.")
        return content

    def _take(self, stream: IO[bytes], packed: int) -> bytes:
        content = bytearray()
        while block := stream.read(BLOCK):
            content += block
            self.total += len(block)
            if self.total > MAX_TOTAL:
                raise ImageRejected("The archive is too large to read this far: split it.")
            if len(content) > MAX_MEMBER:
                raise ImageRejected(f"It is larger than {MAX_MEMBER >> 20} MB.")
            if len(content) > max(FREE_OF_RATIO, MAX_RATIO * packed):
                raise ImageRejected("It is packed more tightly than an image can be.")
        return bytes(content)


def _forbidden(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 0x1:
        return "is encrypted: offer it without a password"
    if info.compress_type not in PLAIN:
        return "is packed in an unusual way: use plain zip"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link, not a file"
    return ""
