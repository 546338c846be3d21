"""One palette: told apart on both grounds, and a model has one style wherever it is drawn."""

import json
import re
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.config import PROJECT
from core.reports import Content
from core.reports.charts import Series
from pages.ui.figures import styles, theme
from pages.ui.frame import downloads
from tests.pages.test_theme import CONFIG, NAMES, contrast
from tests.pages.unpacking import components, unpacked

OpenApp = Callable[..., AppTest]
HEX = re.compile(r"#[0-9a-fA-F]{6}\b")
# Machado, Oliveira and Fernandes 2009, at full severity: without red cones, without green cones.
NO_RED = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
          (-0.003882, -0.048116, 1.051998))  # fmt: skip
NO_GREEN = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
            (-0.011820, 0.042940, 0.968881))  # fmt: skip
# Ottosson 2020: from linear sRGB over cone responses to OKLab.
CONES = ((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566),
         (0.0883024619, 0.2817188376, 0.6299787005))  # fmt: skip
LAB = ((0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099),
       (0.0259040371, 0.7827717662, -0.8086757660))  # fmt: skip


def seen(colour: str, by: Any) -> np.ndarray:
    """A colour in OKLab.  by: how somebody sees linear sRGB."""
    channels = np.array(list(bytes.fromhex(colour[1:]))) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    cones = np.array(CONES) @ np.clip(np.array(by) @ linear, 0, 1)
    return np.array(LAB) @ np.cbrt(cones)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_colour_of_the_palette_stands_out_against_the_page(mode: str) -> None:
    ground = CONFIG["theme"][mode]["backgroundColor"]
    assert min(contrast(colour, ground) for colour in theme.PALETTE) >= 3


@pytest.mark.parametrize(("by", "least"), [(np.eye(3), 0.11), (NO_RED, 0.07), (NO_GREEN, 0.07)])
def test_colours_of_the_palette_are_told_apart_by_everybody(by: Any, least: float) -> None:
    for one, other in combinations(theme.PALETTE, 2):
        assert np.linalg.norm(seen(one, by) - seen(other, by)) >= least, (one, other)


def test_styles_differ_in_colour_or_shape_and_lines_in_colour_or_dash() -> None:
    every = [theme.style(i) for i in range(theme.N_LINES)]
    assert (
        len({(one.colour, one.shape) for one in every[: theme.N_DISTINCT]})
        == theme.N_DISTINCT
        == 20
    )
    assert len({(one.colour, one.dash) for one in every}) == theme.N_LINES == 40


def test_all_colours_in_the_code_are_the_themes() -> None:
    ours = {colour.lower() for colour in HEX.findall(json.dumps(CONFIG))}
    for path in ("pages/ui/figures/theme.py", "core/reports/charts.py"):
        ours |= set(HEX.findall((PROJECT / path).read_text("utf-8")))
    kinds = ("*.py", "*.js", "*.css", "*.html")
    files = [file for kind in kinds for file in (PROJECT / "pages").rglob(kind)]
    for file in [*files, PROJECT / "core" / "reports" / "report.html"]:
        used = set(HEX.findall(file.read_text("utf-8")))
        allowed = ours if file.suffix != ".py" or file.name == "theme.py" else set()
        assert used <= allowed, file


def test_reports_write_each_role_in_the_colour_of_the_pages() -> None:
    text = (PROJECT / "core" / "reports" / "report.html").read_text("utf-8")
    light, dark, printed = (
        dict(re.findall(r"--(\w+): (#[0-9a-f]+)", part)) for part in text.split(":root")[1:4]
    )
    for mode, found in (("light", light), ("dark", dark), ("light", printed)):
        for role, name in NAMES.items():
            assert found[role] == CONFIG["theme"][mode][name.replace("Color", "TextColor")]


def test_model_keeps_its_style_when_others_come_and_go() -> None:
    known: dict[str, int] = {}
    for names in (["a", "b", "c"], ["c", "a"], ["d", "c", "a", "e"], ["b", "e"]):
        known = styles.with_new(known, names)
    assert known == {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4}


def test_models_side_by_side_never_share_a_style_however_many_were_seen_before() -> None:
    known: dict[str, int] = {}
    for start in range(0, 400, 3):
        names = [f"model {i}" for i in range(start, start + 8)]
        known = styles.with_new(known, names)
        drawn = [theme.style(known[name]) for name in names]
        assert len({(one.colour, one.dash) for one in drawn}) == len(names)


def test_new_model_takes_a_colour_that_none_beside_it_has() -> None:
    known = {f"model {i}": i for i in range(10)}
    found = styles.with_new(known, ["model 1", "model 2", "new"])
    colours = {theme.style(found[name]).colour for name in ("model 1", "model 2", "new")}
    assert len(colours) == 3


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Content]:
    """What the pages would tell in a report."""
    found: list[Content] = []
    monkeypatch.setattr(downloads, "button", lambda make, _name: found.append(make()))
    return found


def on_screen(app: AppTest) -> dict[str, tuple[str, str]]:
    """Colour and dash of each curve of the Robustness page's chart."""
    (component,) = components(app)
    lines = unpacked(component.proto.bytes).header["chart"]["lines"]
    return {line["name"]: (line["colour"], line["dash"]) for line in lines}


def in_report(content: Content) -> dict[str, tuple[str, str]]:
    series: tuple[Series, ...] = content.figures[0].chart.series
    return {one.name: (one.colour, one.dash) for one in series if one.name}


def test_model_has_one_style_on_screen_and_in_reports_also_after_another_was_removed(
    open_app: OpenApp, told: list[Content]
) -> None:
    app = open_app()
    of_first_page = in_report(told[-1])
    app.switch_page("pages/robustness.py").run()
    assert not app.exception
    before = on_screen(app)
    assert in_report(told[-1]) == before
    assert of_first_page.items() <= before.items()
    chosen = next(box for box in app.multiselect if box.label == "Compare")
    gone = chosen.value[0]
    chosen.unselect(gone).run()
    after = on_screen(app)
    assert gone not in after
    assert after.items() <= before.items()
    assert in_report(told[-1]) == after


def test_dialog_draws_a_model_in_the_style_that_it_has_on_the_page() -> None:
    app = AppTest.from_function(_script, default_timeout=60)
    app.session_state[styles.KEY] = {"tiny-dense": 17}
    app.run()
    assert not app.exception
    (chart,) = app.get("plotly_chart")
    lines = [trace["line"] for trace in json.loads(chart.proto.spec)["data"]]
    assert (lines[0]["color"], lines[0]["dash"]) == theme.style(17)[:2]


def test_families_have_one_style_whichever_others_are_there() -> None:
    assert styles.of_families(["dense"])["dense"] == styles.of_families(["pca", "dense"])["dense"]
    assert styles.of_families(["other"])["other"] not in styles.of_families([]).values()


def _script() -> None:
    from pages.ui.noise import inspector
    from tests.pages.test_inspector import two_models_on_three_digits

    shown = two_models_on_three_digits()
    inspector.inspect(shown, str(shown.images.ids[1]))
