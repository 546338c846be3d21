"""How files become pixels: decided once for a data set, and the same on every way in.

A Preparation is kept with an own data set and copied into each checkpoint trained on it. Import,
`score`, `encode`, uploads, shards and exports all call prepare(), and so get the same bytes.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Literal, get_args

import numpy as np
import numpy.typing as npt
from msgspec import Meta, Struct
from msgspec.structs import replace
from PIL import Image, ImageOps

from core.images import framing, modes
from core.images.modes import BLACK, WHITE, Colour, in_mode
from core.images.reading import Facts, Picture, Raw, picture_of, to_array
from core.images.steps import Steps, apply_steps, suggest, working_copy

Pixels = npt.NDArray[np.uint8]
Range = tuple[float, float]
Framing = Literal["crop", "pad", "stretch", "digit"]
FRAMINGS: tuple[Framing, ...] = get_args(Framing)
Resampling = Literal["legacy", "bicubic", "area", "nearest"]
RESAMPLINGS: tuple[Resampling, ...] = ("bicubic", "area", "nearest")  # of new data sets
METHODS = MappingProxyType(
    {
        "bicubic": Image.Resampling.BICUBIC,
        "area": Image.Resampling.BOX,
        "nearest": Image.Resampling.NEAREST,
    }
)
FRAMED = MappingProxyType(
    {"crop": "cropped", "pad": "padded", "stretch": "stretched", "digit": "centred as digits"}
)
GREY: Colour = (128, 128, 128)
GROUNDS: tuple[Colour, ...] = (WHITE, BLACK, GREY)  # that are tried, in this order
BITS = (8, 10, 12, 14, 16)
EIGHT_BITS: Range = (0, 255)
BLANK_SIDE = 256  # pixels a side that suffice to see whether anything is left on a ground

Side = Annotated[int, Meta(ge=1, le=512)]
Level = Annotated[int, Meta(ge=0, le=255)]
LARGEST = 1e15  # number in a range
Bound = Annotated[float, Meta(ge=-1e15, le=1e15)]


class Preparation(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The operations that turn every file of a data set into pixels.

    size: (H, W).  channels: 1 = grey, by perceived brightness; 3 = colour.
    framing: sides of another proportion are cut off ("crop"), filled up with the colour of the
    picture's edge ("pad") or neither ("stretch"); "digit": handwriting centred as in MNIST.
    range_mode: which numbers are black and white in files of more than 8 bits a channel: those of
    each file ("file"), the same for all, found when the set was made ("set"), or the same for all,
    given by a person ("given"). range_low, range_high: the two numbers, in the files' own units;
    None for "file".  Files of 8 bits are 0 to 255, unless a given range lies within that.
    ground: red, green, blue under transparent parts.  upright: turned as the camera noted (EXIF).
    resampling: "legacy" = how sets were made before preparations were noted: bicubic, each file
    with a range of its own, and on black where nothing would be left of it on the ground.
    Raises ValueError for a range that is missing, empty or not asked for.
    """

    size: tuple[Side, Side]
    channels: Literal[1, 3] = 3
    framing: Framing = "crop"
    range_mode: Literal["file", "set", "given"] = "file"
    range_low: Bound | None = None
    range_high: Bound | None = None
    ground: tuple[Level, Level, Level] = WHITE
    resampling: Resampling = "bicubic"
    upright: bool = True

    def __post_init__(self) -> None:
        low, high = self.range_low, self.range_high
        if self.range_mode == "file":
            if low is not None or high is not None:
                raise ValueError("A range is given for files that have their own")
        elif low is None or high is None or not low < high:
            raise ValueError("The lower end of the range must be below its upper end")

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of what prepare() gives."""
        return self.channels, *self.size

    @property
    def range(self) -> Range | None:
        """Values that become black and white in every file; None if each file has its own."""
        if self.range_low is None or self.range_high is None:
            return None
        return self.range_low, self.range_high


def legacy(shape: tuple[int, int, int], framing: Framing = "crop") -> Preparation:
    """Preparation of images from before preparations were recorded.  shape: (C, H, W)."""
    channels, height, width = shape
    return Preparation(
        size=(height, width),
        channels=1 if channels == 1 else 3,
        framing=framing,
        resampling="legacy",
    )


def prepare(raw: Raw, how: Preparation) -> Pixels:
    """A file's picture as the networks see it: (C, H, W).

    The result depends on nothing else: the same file gives the same bytes wherever it comes from.
    """
    return placed(developed(raw, how), how)


def developed(raw: Raw, how: Preparation) -> Image.Image:
    """A file's picture at its own size, in 8 bits, opaque: mode L or RGB."""
    raw = _turned(raw, how)
    image = raw.image
    if how.resampling == "legacy":
        plain = image.mode in ("L", "RGB")  # as it is: the 16 bits of a colour were never seen
        return image if plain else picture_of(raw, how.ground).image
    limits = range_of(raw.facts, how)
    if raw.facts.is_deep:
        assert limits is not None
        return modes.scaled(image, *limits, raw.lower)
    if limits is not None:
        image = image.point(_curve(limits, image.getbands()))
    return modes.laid_on(image, how.ground) if image.mode == "RGBA" else image


def placed(image: Image.Image, how: Preparation) -> Pixels:
    """A developed() picture brought to size and channels: (C, H, W)."""
    if how.framing == "digit":
        picture = working_copy(Picture(modes.grey_if_equal(image)))
        return apply_steps(picture, how.shape, suggest(picture, how.shape, "digit")).x
    if how.resampling == "legacy" and how.framing != "crop":
        # A line of 20,000 pixels would be padded to a square of them.
        frame: Literal["pad", "whole"] = "pad" if how.framing == "pad" else "whole"
        picture = working_copy(Picture(image))
        return apply_steps(picture, how.shape, Steps(frame=frame)).x
    framed = _framed(in_mode(image, "L" if how.channels == 1 else "RGB"), how)
    return to_array(Picture(framed), how.channels, how.size)


def as_steps(how: Preparation, picture: Picture) -> Steps:
    """The steps that come closest to it: what is changed when a person tries others."""
    if how.framing == "digit":
        return suggest(picture, how.shape, "digit")
    frame: Literal["crop", "pad", "whole"] = "whole" if how.framing == "stretch" else how.framing
    grey, smooth = how.channels == 1, how.resampling != "nearest"
    return Steps(upright=how.upright, frame=frame, grey=grey, smooth=smooth)


def range_of(file: Facts, how: Preparation) -> Range | None:
    """Which of a file's numbers become black and white; None if they are 0 to 255 as they are."""
    if not file.is_deep:
        given = how.range if how.range_mode == "given" else None
        within = given is not None and given[0] >= 0 and given[1] <= 255
        return given if within and given != EIGHT_BITS else None
    common = how.range
    only_eight_bits = how.range_mode == "set" and common == EIGHT_BITS and not file.is_float
    if common is None or (only_eight_bits and file.span[1] > 255):
        return usual_range(file.span, file.is_float)
    return common


def usual_range(span: Range, is_float: bool) -> Range:
    """The range that numbers from span[0] to span[1] are most likely meant to have.

    Whole numbers: 0 to 2^k - 1 with the smallest k of BITS that holds them. Others: 0 to 1 if all
    lie there. Else from the lowest to the highest.
    """
    low, high = (min(max(end, -LARGEST), LARGEST) for end in span)
    if is_float and low >= 0 and high <= 1:
        return 0.0, 1.0
    if not is_float and low >= 0:
        for bits in BITS:
            if high <= 2**bits - 1:
                return 0.0, float(2**bits - 1)
    return (low, high) if low < high else (low, low + 1)


def kept_share(sides: npt.NDArray[np.integer], size: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Share of a picture's area that a crop to the proportions of `size` keeps.

    sides: (n, 2) heights and widths.  size: (H, W).  Returns (n,) in (0, 1].
    """
    proportion = size[1] / size[0]
    heights, widths = sides[:, 0].astype(float), sides[:, 1].astype(float)
    wide = widths / (heights * proportion)
    return np.minimum(wide, 1 / wide)


def words(how: Preparation) -> str:
    """The preparation in words: "padded to 64 x 64, grey, values 0 to 4095"."""
    height, width = how.size
    size = f"{width} x {height}" if width == height else f"{height} pixels high, {width} wide"
    said = [f"{FRAMED[how.framing]} to {size}", "grey" if how.channels == 1 else "colour"]
    if how.range is None:
        said.append("each file with its own range of values")
    else:
        said.append("values {} to {}".format(*map(number, how.range)))
    if how.ground != WHITE:
        said.append(f"transparent parts on {modes.ground_name(how.ground)}")
    if how.resampling in ("area", "nearest"):
        said.append(f"resampled by {how.resampling}")
    return ", ".join(said)


def number(value: float) -> str:
    """4095.0 -> "4095", 0.25 -> "0.25"."""
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:.4g}"


def _turned(raw: Raw, how: Preparation) -> Raw:
    """As it lies in its file, if it is not to be turned upright."""
    back = framing.TURNED_BACK.get(raw.orientation)
    if how.upright or back is None:
        return raw
    lower = None if raw.lower is None else raw.lower.transpose(back)
    return Raw(raw.image.transpose(back), lower, further=raw.further)


def _curve(limits: Range, bands: tuple[str, ...]) -> list[int]:
    """A table for Image.point: the colours between the limits spread over 0 to 255."""
    low, high = limits
    spread = np.rint(np.clip((np.arange(256) - low) / (high - low), 0, 1) * 255).astype(int)
    tables = (range(256) if band == "A" else spread.tolist() for band in bands)
    return [value for table in tables for value in table]


def _framed(image: Image.Image, how: Preparation) -> Image.Image:
    height, width = how.size
    method = METHODS.get(how.resampling, Image.Resampling.BICUBIC)
    if image.size == (width, height):
        return image
    if how.framing == "crop":
        return ImageOps.fit(image, (width, height), method)
    if how.framing == "stretch":
        return image.resize((width, height), method)
    return framing.fitted(image, (width, height), method)


# What the files of a set have in common, before the numbers of its preparation are known.


@dataclass
class Survey:
    """Summary of the files read so far, for one range and one ground that suit all of them.

    n_whole, n_float: files of more than 8 bits, whole numbers and others.  low, high: the lowest
    and highest number in them.  n_transparent: files with transparent parts.  blank: of these, how
    many would be of one colour on each of GROUNDS.
    """

    n_whole: int = 0
    n_float: int = 0
    low: float = math.inf
    high: float = -math.inf
    n_transparent: int = 0
    blank: Counter[Colour] = field(default_factory=Counter)

    def add(self, raw: Raw) -> None:
        """Take a file into account."""
        file = raw.facts
        if file.is_deep:
            self.n_float += file.is_float
            self.n_whole += not file.is_float
            self.low, self.high = min(self.low, file.span[0]), max(self.high, file.span[1])
        elif file.is_transparent:
            self.n_transparent += 1
            self.blank.update(blank_grounds(raw))

    @property
    def is_mixed(self) -> bool:
        """Whether whole numbers and others have no unit in common."""
        return self.n_whole > 0 and self.n_float > 0

    def settled(self, how: Preparation) -> Preparation:
        """`how` with one range for all files, if there is one that suits them."""
        if self.is_mixed:
            return replace(how, range_mode="file", range_low=None, range_high=None)
        low, high = EIGHT_BITS
        if self.n_whole or self.n_float:
            low, high = usual_range((self.low, self.high), self.n_float > 0)
        return replace(how, range_mode="set", range_low=low, range_high=high)

    def ground(self) -> Colour:
        """The one of GROUNDS on which the fewest files are of one colour."""
        return min(GROUNDS, key=lambda ground: self.blank[ground])


def changes(file: Facts, before: Preparation, after: Preparation) -> bool:
    """Whether a file becomes other pixels when only range and ground are not as before."""
    moved = file.is_transparent and before.ground != after.ground
    return moved or range_of(file, before) != range_of(file, after)


def blank_grounds(raw: Raw) -> tuple[Colour, ...]:
    """On which of GROUNDS a picture with transparent parts would be of one colour."""
    step = max(1, max(raw.size) // BLANK_SIDE)
    image = raw.image if step == 1 else raw.image.reduce(step)
    return tuple(g for g in GROUNDS if modes.is_one_colour(modes.laid_on(image, g)))
