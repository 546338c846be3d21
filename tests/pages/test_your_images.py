"""The Your images page, run without a browser."""

import base64
import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.anomaly.line import line
from core.data import catalogue
from core.images.reading import Picture, read_image
from core.images.steps import Steps, is_misread, suggest, working_copy
from core.inference import Autoencoder
from core.latent import geometry
from core.metrics import mse
from core.noise import Noise, add_noise
from pages.ui.components import gallery
from pages.ui.own import results as own_results
from pages.ui.own.tray import Fit, Tray
from tests.core.data.own.test_upload import archive
from tests.core.hostile_archives_for_tests import ATTACKS, member, zip_of
from tests.core.hostile_images_for_tests import BROKEN, SOUND
from tests.core.photographs_for_tests import photograph
from tests.core.pngs_for_tests import to_png
from tests.pages.unpacking import unpacked

OpenApp = Callable[..., AppTest]
FIT = Fit((1, 28, 28), "digit")
HOSTILE = ("<img src=x onerror=window.__x=1>.png", "![x](https://evil.example/x.png).png")


def digit_file(i: int, inverted: bool = False) -> bytes:
    digit = catalogue.load("mnist-5k").images[i]
    return to_png(255 - digit if inverted else digit)


def offered(app: AppTest, files: dict[str, bytes]) -> AppTest:
    """Files dropped on the page."""
    uploader = app.file_uploader[0]
    uploader.set_value([(name, content, "image/png") for name, content in files.items()])
    app.run()
    many = [button for button in app.button if button.label == "Look at them one by one"]
    return many[0].click().run() if many else app


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def toggle(app: AppTest, label: str) -> Any:
    return next(toggle for toggle in app.toggle if toggle.label == label)


def tray(app: AppTest) -> Tray:
    found: Tray = app.session_state["tray"]
    return found


def component(app: AppTest, key: str) -> Any:
    """What the page has sent to the component with this key."""
    (found,) = [one for one in app.get("bidi_component") if key in one.proto.id]
    return unpacked(found.proto.bytes) if "sweep" in key else found.proto


@pytest.fixture
def page(open_app: OpenApp) -> Callable[..., AppTest]:
    def opened(**link: str) -> AppTest:
        return open_app(**link).switch_page("pages/your_images.py").run()

    return opened


def test_page_opened_says_what_to_do_and_asks_for_no_model(page: Callable[..., AppTest]) -> None:
    app = page()
    assert not app.exception
    assert "There are no images yet" in app.info[0].value
    assert not app.metric


def test_digit_offered_is_seen_as_it_is_and_judged_as_core_judges_it(
    page: Callable[..., AppTest],
) -> None:
    app = offered(page(model="tiny-dense"), {"mine.png": digit_file(3)})
    assert not app.exception
    np.testing.assert_array_equal(
        tray(app).seen("mine.png", FIT), catalogue.load("mnist-5k").images[3]
    )
    model = Autoencoder.load("tiny-dense")
    errors = model.errors(catalogue.load("mnist-5k").pixels([3]))
    values = [metric.value for metric in app.metric]
    assert values == [f"{errors[0]:.5f}", f"{line(model, 0.01).percentiles(errors)[0]:.1f} %"]


def test_dark_digit_on_light_is_inverted_and_can_be_switched_back(
    page: Callable[..., AppTest],
) -> None:
    app = offered(page(), {"mine.png": digit_file(3, inverted=True)})
    digit = catalogue.load("mnist-5k").images[3]
    assert toggle(app, "Invert").value
    np.testing.assert_array_equal(tray(app).seen("mine.png", FIT), digit)
    toggle(app, "Invert").set_value(False).run()
    np.testing.assert_array_equal(tray(app).seen("mine.png", FIT), 255 - digit)
    press(app, "Automatic")
    assert toggle(app, "Invert").value
    np.testing.assert_array_equal(tray(app).seen("mine.png", FIT), digit)


def test_steps_used_for_all_hold_for_all_until_they_are_automatic_again(
    page: Callable[..., AppTest],
) -> None:
    files = {"a.png": digit_file(1), "b.png": digit_file(2, inverted=True)}
    app = offered(page(), files)
    toggle(app, "Thicken").set_value(True).run()
    press(app, "Use for all")
    assert all(tray(app).steps(name, FIT).thicken for name in files)
    assert not tray(app).steps("b.png", FIT).invert
    press(app, "Automatic for all")
    assert tray(app).steps("b.png", FIT).invert
    assert not any(tray(app).steps(name, FIT).thicken for name in files)


def test_every_file_offered_is_among_the_images_or_listed_with_a_reason(
    page: Callable[..., AppTest],
) -> None:
    files = {name: make() for name, make in (SOUND | BROKEN).items()}
    app = offered(page(), {"all.zip": archive(files)})
    assert not app.exception
    assert len(tray(app).given) == len(SOUND)
    assert len(tray(app).rejected) == len(BROKEN)
    n = len(files)
    words = f"**{n:,} offered**: {len(SOUND)} read, {len(BROKEN)} refused"
    assert words in [markdown.value for markdown in app.markdown]
    assert sorted(app.dataframe[0].value["file"]) == sorted(BROKEN)


def test_names_that_are_markup_are_shown_letter_by_letter(page: Callable[..., AppTest]) -> None:
    app = offered(page(), {name: digit_file(i) for i, name in enumerate(HOSTILE)})
    assert not app.exception
    assert app.subheader[1].value == "\\<img src\\=x onerror\\=window\\.\\_\\_x\\=1\\>\\.png"
    shown = [element.value for element in (*app.markdown, *app.caption, *app.subheader)]
    assert not any(re.search(r"(?<!\\)<img|(?<!\\)!\[", text) for text in shown)


def test_refused_name_that_a_spreadsheet_would_run_gets_an_apostrophe_in_the_table(
    page: Callable[..., AppTest],
) -> None:
    app = offered(page(), {"=cmd|' /C calc'!A0.png": b"no image"})
    assert app.dataframe[0].value["file"].tolist() == ["'=cmd|' /C calc'!A0.png"]


def test_numbers_under_the_slider_equal_those_computed_one_by_one(
    page: Callable[..., AppTest],
) -> None:
    app = offered(page(model="tiny-dense", seed="3"), {"a.png": digit_file(5)})
    sweep = component(app, "own_sweep")
    x = catalogue.load("mnist-5k").pixels([5])
    x_noisy = add_noise(x, Noise("gaussian", 0.5), 3)
    frame = sweep.header["values"].index(0.5)
    x_hat = Autoencoder.load("tiny-dense").reconstruct(x_noisy)
    np.testing.assert_allclose(sweep.numbers(1)[frame], mse(x, x_noisy), rtol=1e-5)
    np.testing.assert_allclose(sweep.numbers(2)[frame], mse(x, x_hat), rtol=1e-4)


def test_rate_decides_what_is_an_outlier_and_is_part_of_the_link(
    page: Callable[..., AppTest],
) -> None:
    app = offered(page(model="tiny-dense"), {"a.png": digit_file(5)})
    percentile = float(app.metric[1].value.removesuffix(" %"))
    share = next(one for one in app.number_input if one.label.startswith("Usual images"))
    assert 50 < percentile <= 100
    share.set_value(50.0).run()
    assert app.query_params["rate"] == "50.0"
    assert any("an :red[**outlier**]" in one.value for one in app.markdown)


def test_each_model_that_takes_the_image_is_on_the_wall(page: Callable[..., AppTest]) -> None:
    app = offered(page(), {"a.png": digit_file(5)})
    sent = component(app, "own_wall").bytes
    for name in (b"tiny-dense", b"tiny-pca", b"tiny-denoising"):
        assert name in sent


def test_forgotten_images_are_gone_and_the_page_begins_again(page: Callable[..., AppTest]) -> None:
    app = press(offered(page(), {"a.png": digit_file(5), "b.png": b"x"}), "Forget all")
    assert "There are no images yet" in app.info[0].value
    assert not tray(app).given
    assert not tray(app).rejected


def test_images_stay_when_another_page_is_looked_at_in_between(
    page: Callable[..., AppTest],
) -> None:
    app = offered(page(), {"a.png": digit_file(5)})
    app.switch_page("pages/reconstruct.py").run()
    app.switch_page("pages/your_images.py").run()
    assert list(tray(app).given) == ["a.png"]
    assert app.metric


def test_drawing_is_an_image_and_follows_the_pad(
    page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[bytes | None] = [None]
    monkeypatch.setattr("pages.ui.components.drawpad.show", lambda *_: drawn[0])
    app = page()
    app.session_state["way"] = "draw"
    app.run()
    assert not tray(app).given
    drawn[0] = digit_file(1)
    app.run()
    first = tray(app).seen("drawing", FIT).copy()
    drawn[0] = digit_file(2)
    app.run()
    assert (tray(app).seen("drawing", FIT) != first).any()
    press(app, "Keep it and draw another")
    assert "kept drawing" in tray(app).given
    drawn[0] = b""
    app.run()
    assert "drawing" not in tray(app).given
    drawn[0] = b"no picture at all"
    assert not app.run().exception


def test_no_model_for_the_data_is_one_sentence_and_the_ways_to_hand_over_stay(
    page: Callable[..., AppTest],
) -> None:
    app = offered(page(dataset="shapes"), {"a.png": digit_file(5)})
    assert not app.exception
    assert "train one" in app.error[0].value
    assert "Train a model on these images" in [button.label for button in app.button]
    assert app.file_uploader


def test_more_than_one_image_is_shown_in_a_gallery_with_error_and_percentile(
    page: Callable[..., AppTest],
) -> None:
    app = offered(page(), {f"{i}.png": digit_file(i) for i in range(4)})
    sent = component(app, "own_gallery").bytes
    assert sent.count(b'"lines"') == 4
    assert sent.count(b" %") >= 4


def test_tables_taken_away_hold_every_image_and_every_refused_file(
    page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Any] = []
    monkeypatch.setattr(own_results, "downloads", kept.append)
    offered(page(), {"a.png": digit_file(5), "b.txt": b"words"})
    table: pd.DataFrame = kept[-1].table
    assert table["id"].tolist() == ["a.png", "b.txt"]
    assert table["reason"].tolist()[0] == ""
    assert "no PNG" in table["reason"].tolist()[1]


@pytest.mark.parametrize(
    ("percentile", "outlier", "words"),
    [
        (98.73, False, "higher than that of 98.7 % of the usual images"),
        (100.0, True, "higher than that of all usual images"),
        (0.0, False, "not higher than that of any usual image"),
    ],
)
def test_verdict_says_where_the_error_stands(percentile: float, outlier: bool, words: str) -> None:
    said = own_results.words(percentile, outlier, 0.01)
    assert words in said
    assert ("outlier" in said) == outlier


def test_tiny_error_does_not_read_as_0() -> None:
    assert own_results.captions(4.2e-7, 1.0, False)[0] == "4.2e-07"
    assert own_results.captions(0.0123456, 1.0, False)[0] == "0.01235"


def test_chosen_image_comes_first_under_the_slider_and_no_more_than_fit() -> None:
    names = [str(i) for i in range(12)]
    assert own_results.nearby(names, "10") == ["10", "11", "0", "1", "2", "3", "4", "5"]
    assert own_results.nearby(["a"], "a") == ["a"]


def test_photograph_zip_in_colour_is_looked_at_by_a_colour_model(
    page: Callable[..., AppTest], only_tiny_models: Any
) -> None:
    from core import checkpoints
    from tests.core.models_for_tests import tiny_document, tiny_tensors

    document = tiny_document("conv", (3, 64, 64))
    path = only_tiny_models / "tiny-colour.safetensors"
    checkpoints.save(path, document, tiny_tensors(document))
    rng = np.random.default_rng(0)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for i in range(3):
            photo = io.BytesIO()
            values = rng.integers(0, 256, (90, 120, 3), dtype=np.uint8)
            Image.fromarray(values).save(photo, "JPEG")
            made.writestr(f"{i}.jpg", photo.getvalue())
    app = offered(page(dataset="shapes"), {"photos.zip": file.getvalue()})
    assert not app.exception
    assert not app.error
    assert component(app, "own_sweep").header["shape"] == [3, 64, 64]


@pytest.mark.parametrize(
    ("shape", "side", "sent"),
    [
        ((28, 28), 224, (28, 28)),
        ((224, 10), 224, (224, 10)),
        ((256, 256), 224, (128, 128)),
        ((512, 300), 224, (171, 100)),
    ],
)
def test_large_pictures_are_sent_to_a_gallery_no_larger_than_needed(
    shape: tuple[int, int], side: int, sent: tuple[int, int]
) -> None:
    tiles = np.random.default_rng(0).integers(0, 256, (2, *shape, 3), dtype=np.uint8)
    found = gallery.fitted(tiles, side)
    assert found.shape == (2, *sent, 3)
    by = -(-max(shape) // side)
    if shape[0] % by == 0 and shape[1] % by == 0:
        blocks = tiles.reshape(2, sent[0], by, sent[1], by, 3).mean(axis=(2, 4))
        assert np.abs(found - blocks).max() <= 1


def test_star_stands_where_the_code_of_the_image_lies(page: Callable[..., AppTest]) -> None:
    app = offered(page(model="tiny-pca"), {"a.png": digit_file(5), "b.png": digit_file(6)})
    (chart,) = app.get("plotly_chart")
    *_, others, star = json.loads(chart.proto.spec)["data"]
    assert (others["marker"]["symbol"], star["marker"]["symbol"]) == ("star", "star")
    assert star["marker"]["size"] > others["marker"]["size"]
    images, model = catalogue.load("mnist-5k"), Autoencoder.load("tiny-pca")
    plane = geometry.plane(model.encode(images.pixels()))
    expected = plane.coordinates(model.encode(images.pixels([5, 6])))
    drawn = [[decoded(trace[axis])[0] for axis in "xy"] for trace in (star, others)]
    np.testing.assert_allclose(drawn, expected, rtol=1e-4, atol=1e-4)


def decoded(values: Any) -> np.ndarray:
    """Numbers as plotly sends them."""
    if isinstance(values, list):
        return np.array(values)
    return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])


OF_PAGE = (  # one of each kind; tests of the gate go through all
    "zip without a name", "zip with one name twice", "zip marked as UTF-8 that is none", "zip bomb",
    "zip whose table breaks off", "tar with a link", "tar.gz cut short",
    "tar.gz with a pax header of 300 MB", "parquet with prefixes",
)  # fmt: skip


def test_no_archive_that_is_offered_is_more_than_a_refusal(page: Callable[..., AppTest]) -> None:
    files = {f"{name}{ATTACKS[name].suffix}": ATTACKS[name].make() for name in OF_PAGE}
    app = offered(page(model="mnist-dense-8"), files)
    assert not app.exception
    assert not app.error
    held = tray(app)
    assert len(held.given) == sum(ATTACKS[name].n_good for name in OF_PAGE)
    for name in OF_PAGE:
        beginning = f"{name}{ATTACKS[name].suffix}"
        reasons = [one.reason for one in held.rejected if one.name.startswith(beginning)]
        assert any(ATTACKS[name].reason in reason for reason in reasons), name
    words = f"**{len(held.given) + len(held.rejected)} offered**"
    assert any(words in one.value for one in app.markdown)


def test_names_that_were_guessed_are_told(page: Callable[..., AppTest]) -> None:
    content = zip_of(*(member(f"{n}.png".encode("cp932"), digit_file(0)) for n in ("猫", "犬")))
    app = offered(page(model="mnist-dense-8"), {"a.zip": content})
    assert list(tray(app).given) == ["猫.png", "犬.png"]
    assert any("Japanese" in one.value for one in app.caption)


def colour_noise(seed: int = 0) -> bytes:
    return to_png(np.random.default_rng(seed).integers(0, 256, (3, 60, 60), dtype=np.uint8))


def test_image_of_another_kind_gets_no_verdict(page: Callable[..., AppTest]) -> None:
    app = offered(
        page(model="tiny-dense"), {"noise.png": colour_noise(), "mine.png": digit_file(3)}
    )
    assert not app.exception
    said = [one.value.replace("\\", "") for one in app.warning]
    assert any("1 of 2 images is of another kind" in one for one in said)
    assert any("This image is unlike all that tiny-dense was trained on" in one for one in said)
    assert not any("The error is" in one.value for one in app.markdown)
    assert any("1 of another kind and without a verdict" in one.value for one in app.caption)


def test_how_many_pictures_were_in_the_training_is_said(page: Callable[..., AppTest]) -> None:
    train = catalogue.load("mnist-5k", "train").images[:2, 0]
    files = {f"{i}.png": to_png(x) for i, x in enumerate(train)} | {"n.png": colour_noise()}
    app = offered(page(model="tiny-dense"), files)
    said = [one.value.replace("\\", "") for one in app.caption]
    assert "2 of 3 pictures were in its training." in said


def test_photograph_is_no_digit_before_cleaning_makes_it_one() -> None:
    light = np.linspace(0.3, 0.9, 200, dtype=np.float32)[:, None] * np.ones(200, np.float32)
    y, x = np.mgrid[:200, :200]
    hills = 0.25 * np.sin(x / 9) * np.sin(y / 13 + x / 40)
    scene = Image.fromarray((255 * np.clip(light + hills, 0, 1)).astype(np.uint8))
    cleaned = Steps(grey=True, frame="whole", clean=True, centre=True)
    assert is_misread(Picture(scene), cleaned)
    assert not is_misread(Picture(scene), Steps())
    written = working_copy(read_image(photograph(catalogue.load("mnist-5k").images[3, 0])))
    steps = suggest(written, FIT.shape, "digit")
    assert steps.clean
    assert not is_misread(written, steps)
