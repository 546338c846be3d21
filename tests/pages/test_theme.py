"""Colours that mean something are the same in Python and in Streamlit's settings."""

import tomllib

import numpy as np
import plotly.colors
import pytest

from core.config import PROJECT
from pages.ui.figures import theme

CONFIG = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text("utf-8"))
NAMES = {
    "original": "grayColor",
    "noisy": "yellowColor",
    "reconstructed": "blueColor",
    "error": "orangeColor",
    "outlier": "redColor",
}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = np.array(list(bytes.fromhex(colour[1:]))) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("mode", "colours"), [("light", theme.LIGHT), ("dark", theme.DARK)])
def test_role_colours_equal_the_settings(mode: str, colours: dict[theme.Role, str]) -> None:
    assert {role: CONFIG["theme"][mode][NAMES[role]] for role in colours} == colours


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_in_every_role_colour_can_be_read_on_the_page(mode: str) -> None:
    settings = CONFIG["theme"][mode]
    texts = [name.replace("Color", "TextColor") for name in NAMES.values()]
    for name in ["textColor", "linkColor", *texts]:
        assert contrast(settings[name], settings["backgroundColor"]) >= 4.5, name


def test_error_colours_follow_inferno_and_grow_brighter_step_by_step() -> None:
    ours = theme.ERROR_COLOURS
    assert ours.shape == (256, 3)
    brightness = ours @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(brightness) > -0.6).all()
    for anchor, colour in zip(
        np.linspace(0, 255, 10), plotly.colors.sequential.Inferno, strict=True
    ):
        theirs = plotly.colors.hex_to_rgb(colour)
        assert np.abs(ours[round(anchor)].astype(int) - theirs).max() <= 12


def test_settings_keep_to_this_machine_and_tell_nobody() -> None:
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert CONFIG["server"]["allowedHosts"] == ["localhost", "127.0.0.1"]
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert "http" not in str(CONFIG["theme"])
