"""The preparation of one picture: its stages, and a switch for every step."""

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from core.images.modes import FAINT
from core.images.preparation import words
from core.images.reading import from_array
from core.images.steps import FRAMES, Stage, Steps, apply_steps
from pages.ui.figures import mosaic
from pages.ui.own.tray import Fit, Tray

SIDE = 104  # pixels of a stage on the screen
TURNS = ("0°", "90°", "180°", "270°")
SWITCHES = (
    ("upright", "Upright", "Rotate as recorded by the camera (EXIF)"),
    ("grey", "Grey", "Convert to grey by perceived brightness"),
    ("invert", "Invert", "Exchange light and dark: MNIST's digits are light on black"),
    ("clean", "Clean the paper", "Even out the lighting; remove paper grain, specks and edges"),
    ("centre", "Centre the digit", "As in MNIST: 20 of 28 pixels, centre of mass in the middle"),
    ("thicken", "Thicken", "Make thin strokes as thick as MNIST's"),
    ("smooth", "Soft pixels", "Resize with interpolation; off: nearest pixel"),
)  # fmt: skip
FRAME_HELP = "If the aspect ratio differs: crop to the centre, pad the edges, or stretch (whole)"
NEEDS_GREY = ("clean", "centre", "thicken")


def draw(tray: Tray, fit: Fit) -> None:
    """Draw the stages of the chosen picture, and the switches."""
    name = tray.chosen
    one, steps = tray.given[name], tray.steps(name, fit)
    stages = apply_steps(one.picture, fit.shape, steps).stages
    if fit.preparation is not None and tray.is_as_trained(name, fit):
        seen = from_array(tray.seen(name, fit)).image
        stages = (*stages[:-1], Stage(stages[-1].name, seen))
        st.caption(
            f"Prepared as the images that the model was trained on: {words(fit.preparation)}."
        )
    elif fit.preparation is not None:
        st.caption(
            f"Not prepared as the images that the model was trained on: {words(fit.preparation)}.",
            help="“Automatic” prepares it like them again",
        )
    _stages(stages)
    if np.ptp(tray.seen(name, fit)) <= FAINT:
        st.warning(
            "Once prepared the image is of one colour: the model sees nothing of it.",
            icon=":material/warning:",
        )
    if one.picture.notes:
        st.caption(f"Notes on reading this file: {'; '.join(one.picture.notes)}.")
    _switches(tray, fit, steps)
    _for_all(tray, fit, steps)


def steps_in_words(steps: Steps) -> str:
    """The steps in words, in order, with the names of the switches."""
    on = [label for field, label, _ in SWITCHES if getattr(steps, field)]
    return ", ".join([f"turned left {TURNS[steps.turns]}", f"frame: {steps.frame}", *on])


def _stages(stages: Sequence[Stage]) -> None:
    with st.container(horizontal=True, gap="small"):
        for number, stage in enumerate(stages):
            arrow = "" if number == 0 else "→ "
            caption = f"{arrow}{stage.name}"
            st.image(_enlarged(stage.image), caption, SIDE, alt=f"Your image, {stage.name}")


def _enlarged(image: Image.Image) -> bytes:
    """A PNG at least SIDE pixels wide; small images are enlarged without smoothing."""
    if max(image.size) > 2 * SIDE:
        image = image.copy()
        image.thumbnail((2 * SIDE, 2 * SIDE))
        file = io.BytesIO()
        image.save(file, "PNG")
        return file.getvalue()
    pixels = np.asarray(image.convert("RGB"))
    return mosaic.png(mosaic.enlarged(pixels[None], 2 * SIDE)[0])


def _switches(tray: Tray, fit: Fit, steps: Steps) -> None:
    grey = steps.grey or fit.shape[0] == 1
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.selectbox(
            "Turn left",
            range(len(TURNS)),
            format_func=TURNS.__getitem__,
            width=110,
            help="Rotate anticlockwise in steps of 90 degrees",
            **_bound(tray, fit, steps, "turns"),
        )
        st.segmented_control(
            "Frame", FRAMES, required=True, help=FRAME_HELP, **_bound(tray, fit, steps, "frame")
        )
        for field, label, explanation in SWITCHES:
            forced = field == "grey" and fit.shape[0] == 1
            st.toggle(
                label,
                disabled=forced or (field in NEEDS_GREY and not grey),
                help=explanation,
                **_bound(tray, fit, steps, field),
            )


def _bound(tray: Tray, fit: Fit, steps: Steps, field: str) -> dict[str, Any]:
    """Key and callback of a widget; the key changes with picture, model and reset."""
    key = f"step {field} {tray.resets} {fit.shape} {fit.kind} {tray.chosen}"
    st.session_state.setdefault(key, getattr(steps, field))
    return {"key": key, "on_change": _changed, "args": (tray, fit, field, key)}


def _for_all(tray: Tray, fit: Fit, steps: Steps) -> None:
    suggested = tray.suggestion(tray.chosen, fit)
    with st.container(horizontal=True):
        st.button(
            "Automatic",
            icon=":material/auto_fix_high:",
            on_click=_reset,
            args=(tray, suggested),
            disabled=steps == suggested,
            help="Use the steps suggested for this picture",
        )
        if len(tray.given) > 1:
            st.button(
                "Use for all",
                icon=":material/copy_all:",
                on_click=_spread,
                args=(tray, steps),
                help="Use these steps for all your images, instead of those suggested for each",
            )
        if tray.common is not None:
            st.button(
                "Automatic for all",
                on_click=_spread,
                args=(tray, None),
                help="Use the suggested steps for every image",
            )


def _changed(tray: Tray, fit: Fit, field: str, key: str) -> None:
    steps = tray.steps(tray.chosen, fit)
    tray.own[tray.chosen] = replace(steps, **{field: st.session_state[key]})


def _reset(tray: Tray, suggested: Steps) -> None:
    if tray.common is None:
        tray.own.pop(tray.chosen, None)
    else:
        tray.own[tray.chosen] = suggested
    tray.resets += 1


def _spread(tray: Tray, steps: Steps | None) -> None:
    tray.own.clear()
    tray.common = steps
    tray.resets += 1
