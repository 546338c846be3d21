"""One picture on its way to what the network sees: every stage, and a switch for every step."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from core.images.steps import FRAMES, Prepared, Steps, apply_steps
from pages.ui.figures import mosaic
from pages.ui.own.tray import Fit, Tray

SIDE = 104  # pixels of a stage on the screen
TURNS = ("0°", "90°", "180°", "270°")
SWITCHES = (
    ("upright", "Upright", "Turn it as the camera noted in the file (EXIF)"),
    ("grey", "Grey", "Drop the colours: brightness as the eye perceives it"),
    ("invert", "Invert", "Dark for light: MNIST's digits are light on black"),
    ("clean", "Clean the paper", "Even out the light on the paper, drop its grain, specks, edges"),
    ("centre", "Centre the digit", "As in MNIST: fitted into 20 of 28 pixels, its mass central"),
    ("thicken", "Thicken", "Thin strokes as firm as MNIST's"),
    ("smooth", "Soft pixels", "Resize by mixing neighbouring pixels; off: take single ones"),
)  # fmt: skip
FRAME_HELP = "A picture of another shape: cut the middle out, fill up the edges, or neither"
NEEDS_GREY = ("clean", "centre", "thicken")


def draw(tray: Tray, fit: Fit) -> None:
    """The chosen picture's stages, and its switches."""
    name = tray.chosen
    one, steps = tray.given[name], tray.steps(name, fit)
    _stages(apply_steps(one.picture, fit.shape, steps))
    if one.picture.notes:
        st.caption(f"While reading it: {'; '.join(one.picture.notes)}.")
    _switches(tray, fit, steps)
    _for_all(tray, fit, steps)


def words(steps: Steps) -> str:
    """Steps in words, in their order, as the switches name them."""
    on = [label for field, label, _ in SWITCHES if getattr(steps, field)]
    return ", ".join([f"turned left {TURNS[steps.turns]}", f"frame: {steps.frame}", *on])


def _stages(prepared: Prepared) -> None:
    with st.container(horizontal=True, gap="small"):
        for number, stage in enumerate(prepared.stages):
            arrow = "" if number == 0 else "→ "
            caption = f"{arrow}{stage.name}"
            st.image(_enlarged(stage.image), caption, SIDE, alt=f"Your image, {stage.name}")


def _enlarged(image: Image.Image) -> bytes:
    """As a PNG that the browser need not blur: at least SIDE wide, small images in hard pixels."""
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
            help="Quarter turns",
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
    """What ties a widget to a step: it begins anew for another picture or model and a reset."""
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
            help="The steps that are suggested for this picture",
        )
        if len(tray.given) > 1:
            st.button(
                "Use for all",
                icon=":material/copy_all:",
                on_click=_spread,
                args=(tray, steps),
                help="The same steps for all your images, instead of what is suggested for each",
            )
        if tray.common is not None:
            st.button(
                "Automatic for all",
                on_click=_spread,
                args=(tray, None),
                help="For each image the steps that are suggested for it",
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
