"""One picture on its way to what a network sees, in steps that can be switched and looked at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from core.images import digit_style, framing
from core.images.reading import Picture

Pixels = npt.NDArray[np.uint8]
Frame = Literal["crop", "pad", "whole"]
FRAMES: tuple[Frame, ...] = get_args(Frame)
Kind = Literal["digit", "object", "photo"]
Change = Callable[[Image.Image], Image.Image]
FRAMED = MappingProxyType({"crop": "cropped", "pad": "padded"})
LIGHT_GROUND = 0.5  # brightness of the edge from which on strokes are taken to be the darker part
WORKING_SIDE = 1024  # pixels: more than any model sees, and steps stay quick


@dataclass(frozen=True)
class Steps:
    """Options of the steps that a picture goes through, in this order.

    upright: turned as the camera noted.  turns: further quarter turns to the left, 0 to 3.
    frame: what happens to sides of another proportion: the middle cut out ("crop"), the edges
    filled up ("pad"), or neither ("whole": stretched, unless centred after).
    grey: colours dropped; a model of one channel needs it.  invert: dark for light.
    clean: everything but the writing made black.  centre: the digit cut out and moved as in MNIST.
    thicken: thin strokes made firm.  smooth: resized with soft pixels instead of hard ones.
    """

    upright: bool = True
    turns: int = 0
    frame: Frame = "crop"
    grey: bool = False
    invert: bool = False
    clean: bool = False
    centre: bool = False
    thicken: bool = False
    smooth: bool = True


@dataclass(frozen=True)
class Stage:
    """A picture on its way: what has just been done to it, and how it looks now, mode L or RGB."""

    name: str
    image: Image.Image


@dataclass(frozen=True)
class Prepared:
    """x: what the network sees, (C, H, W).  stages: the way there, first as given, last as x."""

    x: Pixels
    stages: tuple[Stage, ...]


def kind_of(dataset_id: str) -> Kind:
    """The kind of picture that a model trained on this set expects.

    "digit": as MNIST's; "object": a light object on black; "photo": any picture.
    """
    if dataset_id in ("mnist", "mnist-5k"):
        return "digit"
    return "object" if dataset_id in ("fashion-mnist", "kmnist") else "photo"


def working_copy(picture: Picture, side: int = WORKING_SIDE) -> Picture:
    """The picture with at most `side` pixels a side: what steps are tried on."""
    if max(picture.size) <= side:
        return picture
    image = picture.image.copy()
    image.thumbnail((side, side), Image.Resampling.BOX)
    return replace(picture, image=image)


def suggest(picture: Picture, shape: tuple[int, int, int], kind: Kind) -> Steps:
    """The steps that make of this picture what the model expects.

    shape: (C, H, W) of the model.  An image that has the model's size already is not moved; dark
    on light is inverted where light on dark is expected; what is written on uneven paper is
    cleaned; thin strokes become firm.
    """
    steps = Steps(grey=shape[0] == 1)
    if kind == "photo":
        return steps
    x = _floats(picture.image.convert("L"))
    steps = replace(steps, frame="pad", invert=bool(framing.edge(x) > LIGHT_GROUND))
    if kind == "object" or picture.size == shape[1:]:
        return steps
    light = 1 - x if steps.invert else x
    ready = digit_style.cleaned(light) if digit_style.is_uneven(light) else light
    if not ready.any():  # no writing was found: leave what there is to be seen
        return replace(steps, frame="crop")
    steps = replace(steps, frame="whole", clean=ready is not light, centre=True)
    middle = digit_style.centred(ready, _oversampled(shape))
    return replace(steps, thicken=digit_style.is_thin(middle))


def is_misread(picture: Picture, steps: Steps) -> bool:
    """Whether cleaning the paper is no use, as the picture is not of writing on paper."""
    if not steps.clean:
        return False
    x = _floats(picture.image.convert("L"))
    is_grey = picture.image.mode == "L"
    colours = None if is_grey else np.asarray(picture.image.convert("RGB"))
    return not digit_style.is_on_paper(1 - x if steps.invert else x, colours)


def apply_steps(picture: Picture, shape: tuple[int, int, int], steps: Steps) -> Prepared:
    """The picture as a model of this shape sees it, and every stage on the way there.

    shape: (C, H, W), C 1 or 3.  The steps on strokes apply to grey pictures alone.
    """
    stages = tuple(_stages(picture, shape, steps))
    channels, height, width = shape
    last = stages[-1].image.convert("L" if channels == 1 else "RGB")
    x = np.asarray(last, np.uint8).reshape(height, width, channels).transpose(2, 0, 1).copy()
    return Prepared(x, stages)


def _stages(picture: Picture, shape: tuple[int, int, int], steps: Steps) -> Iterator[Stage]:
    image = framing.as_stored(picture)
    yield Stage("as given", image)
    for name, change in _changes(picture, shape, steps):
        image = change(image)
        yield Stage(name, image)


def _changes(
    picture: Picture, shape: tuple[int, int, int], steps: Steps
) -> Iterator[tuple[str, Change]]:
    """The steps in their order, each with its name for people."""
    height, width = shape[1:]
    if steps.upright and picture.orientation != 1:
        yield "turned upright", lambda _: picture.image
    if steps.turns % 4:
        yield "turned", lambda image: image.transpose(framing.QUARTERS[steps.turns % 4 - 1])
    if steps.frame != "whole":
        framed = framing.cropped if steps.frame == "crop" else framing.padded
        yield FRAMED[steps.frame], lambda image: framed(image, width / height)
    grey = picture.image.mode == "L" or steps.grey or shape[0] == 1
    if grey and picture.image.mode != "L":
        yield "grey", lambda image: image.convert("L")
    if steps.invert:
        yield "inverted", ImageOps.invert
    if steps.clean and grey:
        yield "paper cleaned", _on_floats(digit_style.cleaned)
    if steps.centre and grey:
        yield "centred by mass", _on_floats(lambda x: digit_style.centred(x, _oversampled(shape)))
    if steps.thicken and grey:
        yield "thickened", _on_floats(digit_style.thickened)
    method = Image.Resampling.BICUBIC if steps.smooth else Image.Resampling.NEAREST
    yield "what the network sees", lambda image: framing.resized(image, (width, height), method)


def _on_floats(change: Callable[[digit_style.Grey], digit_style.Grey]) -> Change:
    """A change of arrays in [0, 1] as one of pictures."""

    def changed(image: Image.Image) -> Image.Image:
        return Image.fromarray(np.rint(change(_floats(image)) * 255).astype(np.uint8))

    return changed


def _floats(grey: Image.Image) -> digit_style.Grey:
    return np.asarray(grey, np.float32) / np.float32(255)


def _oversampled(shape: tuple[int, int, int]) -> tuple[int, int]:
    return digit_style.OVERSAMPLED * shape[1], digit_style.OVERSAMPLED * shape[2]
