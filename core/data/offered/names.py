"""Names of files as their archive or folder has them: bytes, made text that can be read and kept.

Zip archives need not say in which encoding their names are. What is not marked as UTF-8 and is not
UTF-8 either is read in the encoding that makes all names of the archive together most plausible.
Imports nothing from core.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

MAX_NAME = 400  # characters
NAMELESS = "(without a name)"
SAMPLE = 500  # different names that an encoding is guessed from
LIKELY, CLEARLY = 0.84, 0.15  # plausibility, and a difference of two: see reading_of
ENCODINGS: Mapping[str, tuple[str, str]] = MappingProxyType(  # as people call it: codec, title
    {
        "utf-8": ("utf-8", "UTF-8"),
        "cp437": ("cp437", "DOS, US (cp437)"),
        "cp850": ("cp850", "DOS, Western Europe (cp850)"),
        "cp1252": ("cp1252", "Windows, Western Europe (cp1252)"),
        "shift-jis": ("cp932", "Japanese (Shift-JIS)"),
        "gbk": ("gb18030", "Chinese, simplified (GBK)"),
        "big5": ("big5", "Chinese, traditional (Big5)"),
        "euc-kr": ("cp949", "Korean (EUC-KR)"),
        "euc-jp": ("euc_jp", "Japanese (EUC-JP)"),
        "cp866": ("cp866", "DOS, Cyrillic (cp866)"),
        "cp1251": ("cp1251", "Windows, Cyrillic (cp1251)"),
    }
)
# The usual characters of each East Asian encoding have these first bytes; they tell it from others.
USUAL: Mapping[str, tuple[str, range]] = MappingProxyType(
    {
        "shift-jis": ("shift_jis", range(0x88, 0x98)),
        "euc-jp": ("euc_jp", range(0xB0, 0xD0)),
        "gbk": ("gb2312", range(0xB0, 0xD8)),
        "big5": ("big5", range(0xA4, 0xC7)),
        "euc-kr": ("euc_kr", range(0xB0, 0xC9)),
    }
)
FREQUENT = frozenset(  # characters of Chinese
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定"
    "行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其"
    "些然前外天四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条没结解问意建月无"
    "系军很情者最立代想已通并提直题程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见"
    "计别她手角期根论运农指几九区强放西被干做必先回则任取据处队南给色光门即保治北造百规热领七海口东器压志世金增争交"
    "照片像缺陷良坏裂纹划痕猫狗鸟花红黄蓝绿白黑新旧夹"
)
LETTERS = frozenset("éèêëàâäáãåçíîïìñóôöòøúûüùæœÄÖÜÉÅÀ")  # the usual ones of Western Europe
VOWELS = frozenset("aeiouäöü")
SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "HIRAGANA", "KATAKANA", "HANGUL", "CJK", "FULLWIDTH")
PERCENT = "hourglass.percent"  # what becomes of bytes that are no text, as in web addresses
DRIVE = re.compile(r"[A-Za-z]:/")


def _percent(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    wrong = error.object[error.start : error.end]
    return "".join(f"%{byte:02X}" for byte in wrong), error.end


codecs.register_error(PERCENT, _percent)


class RawName(NamedTuple):
    """A name as it is stored.  marked: said to be UTF-8, by a flag or because its format is so."""

    raw: bytes
    marked: bool = False


@dataclass(frozen=True)
class Reading:
    """The encoding in which the names of an archive are read.

    encoding: of those that are not marked as UTF-8, a key of ENCODINGS.  guessed: nobody said so.
    undo: marked names are bytes of this encoding that a program took for cp437.
    """

    encoding: str = "utf-8"
    guessed: bool = False
    undo: bool = False

    def text(self, name: RawName) -> str:
        """The name; bytes that are none in its encoding look like %8A."""
        codec = ENCODINGS[self.encoding][0]
        if not name.marked:
            return name.raw.decode(codec, PERCENT)
        text = name.raw.decode("utf-8", PERCENT)
        original = _taken_for_cp437(text, codec) if self.undo else None
        return text if original is None else original

    @property
    def note(self) -> str:
        """A sentence about the guess; "" if there was none."""
        if not self.guessed:
            return ""
        how = "had been misread by another program" if self.undo else "are not marked as UTF-8"
        return (
            f"Names of files {how} and were read as {ENCODINGS[self.encoding][1]}, which is a "
            "guess: if they look wrong, choose another encoding."
        )


def reading_of(names: Iterable[RawName], chosen: str = "") -> Reading:
    """The reading of these names that suits all of them together best.

    chosen: a key of ENCODINGS that a person has named; "" = find out. UTF-8 wins where it fits.
    Marked names are believed, unless they are implausible and make plausible words of another
    encoding when the mistake of reading them as cp437 is undone.
    """
    bare, marked = _samples(names)
    if chosen:
        return Reading(chosen, undo=chosen not in ("utf-8", "cp437"))
    if bare:
        if all(_is_utf8(raw) for raw in bare):
            return Reading()
        return Reading(_most_plausible(bare), guessed=True)
    text = "/".join(raw.decode("utf-8", "replace") for raw in marked)
    undone = text.encode("cp437", "replace")
    if not marked or undone.decode("cp437") != text:
        return Reading()
    best = _most_plausible([undone])
    original = undone.decode(ENCODINGS[best][0], "replace")
    as_marked, as_undone = plausibility(text, "utf-8"), plausibility(original, best)
    if best in USUAL and as_undone > max(LIKELY, as_marked + CLEARLY):
        return Reading(best, guessed=True, undo=True)
    return Reading()


def as_label(text: str, windows: bool = True) -> str:
    """A name as a label: parts joined by "/", without empty ones and dots, letters and their
    accents in one form (NFC), control characters as %0A.

    windows: a backslash separates parts, too.
    """
    text = unicodedata.normalize("NFC", text)
    parts = (text.replace("\\", "/") if windows else text).split("/")
    return _without_controls("/".join(part for part in parts if part not in ("", ".")))


def objection(text: str) -> str:
    """Why a file of this name is refused, before it is made a label; "" if it is not."""
    slashed = text.replace("\\", "/")
    label = as_label(text)
    if not label:
        return "It has no name: pack it again under one."
    if slashed.startswith("/") or DRIVE.match(slashed) or ".." in label.split("/"):
        return "Its name leads out of the archive: pack it again under a name inside it."
    if len(label) > MAX_NAME or "\0" in text:
        return f"Its name has more than {MAX_NAME} characters, or a NUL."
    return ""


def as_written(text: str) -> str:
    """A name that is refused, to be shown."""
    return printable(text).strip()[:MAX_NAME] or NAMELESS


def printable(text: str) -> str:
    """`text` that can be kept and sent: bytes of a path that are no text look like %8A."""
    raw = text.encode("utf-8", "surrogateescape" if _is_escaped(text) else "replace")
    return _without_controls(raw.decode("utf-8", PERCENT))


def plausibility(text: str, encoding: str) -> float:
    """Plausibility of the characters of `text` beyond ASCII as words: 0 = none of them, 1 = all.

    encoding: the key of ENCODINGS that it was decoded with.
    """
    padded = f" {text} "
    values = [
        _likely(padded[i - 1], padded[i], padded[i + 1], encoding)
        for i in range(1, len(padded) - 1)
        if not padded[i].isascii()
    ]
    return sum(values) / len(values) if values else 0.0


def _samples(names: Iterable[RawName]) -> tuple[list[bytes], list[bytes]]:
    """Some names with more than ASCII: those that are not marked, and those that are."""
    found: tuple[dict[bytes, None], dict[bytes, None]] = ({}, {})
    for raw, marked in names:
        for part in () if raw.isascii() else raw.split(b"/"):
            if not part.isascii() and len(found[marked]) < SAMPLE:
                found[marked][part] = None
    return list(found[False]), list(found[True])


def _most_plausible(names: list[bytes]) -> str:
    """The first of the most plausible encodings."""
    raw = b"/".join(names)
    found = {
        key: plausibility(raw.decode(codec, "replace"), key)
        for key, (codec, _) in ENCODINGS.items()
    }
    return max(found, key=lambda key: found[key])


def _likely(before: str, char: str, after: str, encoding: str) -> float:
    """Plausibility, 0 to 1, of a character beyond ASCII in a name."""
    script = _script(char)
    if script in ("LATIN", "CYRILLIC", "GREEK"):
        return _likely_letter(before, char, after, script)
    beside = sum(other.isascii() and other.isalpha() for other in (before, after))
    if script in ("HIRAGANA", "KATAKANA", "CJK", "HANGUL"):
        return _usual(char, script, encoding) * (1.0, 0.7, 0.3)[beside]
    if script == "FULLWIDTH":
        return 0.6
    if unicodedata.category(char) in ("Pd", "Pi", "Pf"):
        return 0.1 if beside == 2 and char != "’" else 0.5
    return 0.5 if char in "・ー「」（）、。々" else 0.0


def _usual(char: str, script: str, encoding: str) -> float:
    """Likelihood of a character of East Asian scripts, 0 to 1."""
    if script in ("HIRAGANA", "KATAKANA"):
        return 1.0 if encoding in ("shift-jis", "euc-jp", "utf-8") else 0.3
    if encoding not in USUAL:
        return 0.9 if encoding == "utf-8" else 0.3
    if char in FREQUENT and encoding in ("gbk", "big5"):
        return 1.0
    codec, first_bytes = USUAL[encoding]
    raw = char.encode(codec, "ignore")
    if not raw or raw[0] not in first_bytes:
        return 0.3
    return 0.85 if encoding in ("gbk", "big5") else 0.9


def _likely_letter(before: str, char: str, after: str, script: str) -> float:
    near = [other for other in (before, after) if other.isalpha()]
    if any(_script(other) not in (script, "ASCII" if script == "LATIN" else "") for other in near):
        return 0.1  # two scripts in one word
    if (before.islower() and char.isupper()) or (char.islower() and after.isupper()):
        return 0.2
    if script != "LATIN":
        return 0.9 if near else 0.4
    beside = sum(not other.isascii() for other in near)
    usual = before.lower() in VOWELS if char == "ß" else char in LETTERS
    return (0.95 if usual else 0.85) * (1.0, 0.8, 0.2)[beside]


def _script(char: str) -> str:
    if char.isascii():
        return "ASCII" if char.isalpha() else ""
    name = unicodedata.name(char, "")
    return next((script for script in SCRIPTS if name.startswith(script)), "")


def _taken_for_cp437(text: str, codec: str) -> str | None:
    """The name whose bytes in this encoding a program read as cp437; None if it is not such."""
    if text.isascii():
        return None
    try:
        return text.encode("cp437").decode(codec)
    except UnicodeError:
        return None


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_escaped(text: str) -> bool:
    """Whether it has lone surrogates as the file system's names do, and no others."""
    lone = [char for char in text if 0xD800 <= ord(char) <= 0xDFFF]
    return all(0xDC80 <= ord(char) <= 0xDCFF for char in lone)


def _without_controls(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        f"%{ord(char):02X}" if unicodedata.category(char) == "Cc" else char for char in text
    )
