"""The Learn page, run without a browser, on models of the right names that were never trained."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import checkpoints, metrics
from core.checkpoints import trained_on
from core.checkpoints.document import MetricsRecord, NoiseRecord, TrainingRecord
from core.config import PROJECT
from core.data import catalogue
from core.inference import Autoencoder
from core.models import architecture
from core.noise import Noise
from core.robustness import curves
from pages.ui import cache
from pages.ui.learn import parts, steps, wrong
from pages.ui.learn.parts import GoOn
from tests.core.models_for_tests import tiny_document, tiny_tensors
from tests.pages.conftest import APP
from tests.pages.tiny_models import DIGITS
from tests.pages.unpacking import Unpacked, components, unpacked

PAGE = "pages/learn.py"
OpenPage = Callable[..., AppTest]
HALF = NoiseRecord("gaussian", 0.5)
NONE = NoiseRecord()
# The models that the steps name, as small as their form allows: architecture, options, noise.
NAMED: dict[str, tuple[str, dict[str, Any], NoiseRecord]] = {
    "mnist-dense-2": ("dense", {"latent_dim": 2, "widths": [8]}, NONE),
    "mnist-dense-8": ("dense", {"latent_dim": 8, "widths": [8]}, NONE),
    "mnist-dense-32": ("dense", {"latent_dim": 32, "widths": [8]}, NONE),
    "mnist-pca-2": ("pca", {"latent_dim": 2}, NONE),
    "mnist-pca-32": ("pca", {"latent_dim": 4}, NONE),
    "mnist-linear-32": ("dense", {"latent_dim": 4, "widths": [], "bounded": False}, NONE),
    "mnist-overcomplete": ("dense", {"latent_dim": 40, "widths": []}, NONE),
    "mnist-overcomplete-linear": (
        "dense",
        {"latent_dim": 40, "widths": [], "bounded": False},
        NONE,
    ),
    "mnist-denoising": ("dense", {"latent_dim": 40, "widths": []}, HALF),
    "mnist-conv": ("conv", {"widths": [4, 5]}, NONE),
    "mnist-conv-denoising": ("conv", {"widths": [4, 5]}, HALF),
    "mnist-conv-32": ("conv", {"widths": [4, 5], "latent_dim": 6}, NONE),
    "mnist-conv-32-no-5-9": ("conv", {"widths": [4, 5], "latent_dim": 6}, HALF),
    "shapes-conv": ("conv", {"widths": [4, 5]}, NONE),
}
STEPS = [step.name for step in steps.STEPS]
CARDS = list(wrong.CARDS)


def save_named_models(folder: Path) -> None:
    for i, (name, (arch, options, noise)) in enumerate(NAMED.items()):
        shapes = name.startswith("shapes")
        dataset = "shapes" if shapes else "mnist"
        document = tiny_document(
            arch,
            (3, 64, 64) if shapes else DIGITS,
            options=architecture(arch).check(options),
            training=TrainingRecord(1, 8, 0.01, 0.0, 0, noise, 10, 1.0),
            dataset=dataset,
            metrics=MetricsRecord(dataset, "test", 10_000, 0.04 / (1 + i), 10.0, 0.1),
            excluded_classes=("5", "9") if "no-5-9" in name else (),
        )
        tensors = tiny_tensors(document, seed=i)
        card = checkpoints.save(folder / f"{name}.safetensors", document, tensors)
        trained_on.note(card, document.dataset)


@pytest.fixture
def named_models(only_tiny_models: Path) -> Path:
    save_named_models(only_tiny_models)
    return only_tiny_models


@pytest.fixture
def open_page(named_models: Path, visited_before: None) -> Iterator[OpenPage]:
    """A function that opens the page by a link."""

    def opened(**link: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60).switch_page(PAGE)
        for name, value in link.items():
            app.query_params[name] = value
        return app.run()

    yield opened
    cache.shelf().clear()


def said(app: AppTest) -> str:
    texts = (*app.markdown, *app.caption, *app.error, *app.subheader)
    return " ".join(element.value for element in texts).replace("\\", "")


def sent(app: AppTest) -> Unpacked:
    """The slider and its pictures, as they were sent."""
    (component,) = components(app)
    return unpacked(component.proto.bytes)


def button(app: AppTest, key: str) -> Any:
    return next(one for one in app.button if one.key == key)


def digit(position: int) -> np.ndarray:
    return catalogue.load("mnist-5k").pixels([position])


def model(name: str, folder: Path) -> Autoencoder:
    return Autoencoder.load(folder / f"{name}.safetensors")


@pytest.mark.parametrize("step", STEPS)
def test_step_opened_by_its_link_shows_its_title_place_and_way_on(
    open_page: OpenPage, step: str
) -> None:
    app = open_page(step=step)
    assert not app.exception
    assert not app.error
    assert app.subheader[0].value.startswith(f"{step} · ")
    assert app.get("progress")[0].proto.text == f"{step} of 7"
    assert button(app, "go_on").label
    assert components(app) or app.get("image"), "no figure"


@pytest.mark.parametrize("card", CARDS)
def test_card_of_the_shelf_shows_its_figure_and_way_on(open_page: OpenPage, card: str) -> None:
    app = open_page(step="wrong", card=card)
    assert not app.exception
    assert not app.error
    assert app.subheader[0].value == "Common failures"
    assert components(app) or app.get("image"), "no figure"
    assert button(app, "go_on").label


@pytest.mark.parametrize("link", [{"step": s} for s in STEPS] + [{"card": c} for c in CARDS])
def test_step_without_its_models_says_which_one_it_needs(
    only_tiny_models: Path, visited_before: None, link: dict[str, str]
) -> None:
    app = AppTest.from_file(str(APP), default_timeout=60).switch_page(PAGE)
    for name, value in ({"step": "wrong"} | link).items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    (error,) = app.error
    assert "This step needs" in error.value
    assert not button(app, "learn_previous").disabled or link == {"step": "1"}


def test_next_and_previous_walk_through_all_steps_and_the_shelf_and_stop_at_the_ends(
    open_page: OpenPage,
) -> None:
    app = open_page()
    assert button(app, "learn_previous").disabled
    titles = [app.subheader[0].value]
    while not button(app, "learn_next").disabled:
        button(app, "learn_next").click().run()
        titles.append(app.subheader[0].value)
    assert titles == [steps.heading(step) for step in steps.ALL]
    assert app.query_params["step"] == "wrong"
    button(app, "learn_previous").click().run()
    assert app.subheader[0].value == titles[-2]


def test_step_that_is_none_opens_the_first(open_page: OpenPage) -> None:
    assert open_page(step="nonsense").subheader[0].value.startswith("1 · ")


def test_any_step_is_opened_from_the_list(open_page: OpenPage) -> None:
    app = open_page()
    button(app, "learn_open_6").click().run()
    assert app.subheader[0].value.startswith("6 · ")
    assert app.query_params["step"] == "6"


def test_encoder_step_draws_the_chosen_digit_and_its_errors(
    open_page: OpenPage, named_models: Path
) -> None:
    app = open_page(digit="3", nth="2")
    labels = catalogue.load("mnist-5k").labels
    x = digit(int(np.flatnonzero(labels == 3)[2]))
    message = sent(app)
    np.testing.assert_allclose(message.pictures(0, 0)[1], x[0], atol=1 / 255)
    middle = message.header["values"].index(0.0)
    for i, name in enumerate(("mnist-dense-2", "mnist-dense-8", "mnist-dense-32")):
        x_hat = model(name, named_models).reconstruct(x)
        error = float(metrics.mse(x, x_hat)[0])
        np.testing.assert_allclose(message.pictures(1, middle)[i], x_hat[0], atol=0.01)
        assert message.numbers(1)[middle, i] == pytest.approx(error, rel=1e-3)
        assert f"{error:.4f} with D' = " in said(app)


def test_encoder_step_moves_the_first_number_alone(open_page: OpenPage, named_models: Path) -> None:
    message = sent(open_page(digit="0"))
    images = catalogue.load("mnist-5k")
    dense = model("mnist-dense-8", named_models)
    x = digit(int(np.flatnonzero(images.labels == 0)[0]))
    z = dense.encode(x)
    z[:, 0] += 2 * dense.encode(images.pixels())[:, 0].std()
    np.testing.assert_allclose(message.pictures(1, 40)[1], dense.decode(z)[0], atol=0.01)


def test_bars_are_the_code_at_each_place_of_the_slider(
    open_page: OpenPage, named_models: Path
) -> None:
    message = sent(open_page(digit="0"))
    images = catalogue.load("mnist-5k")
    x = digit(int(np.flatnonzero(images.labels == 0)[0]))
    names = ("mnist-dense-2", "mnist-dense-8", "mnist-dense-32")
    for bars, name in zip(message.header["bars"], names, strict=True):
        z = model(name, named_models).encode(x)[0]
        assert (bars["n"], bars["moved"]) == (len(z), 0)
        values = message.array(bars["values"]).reshape(41, len(z))
        std = model(name, named_models).encode(images.pixels())[:, 0].std()
        np.testing.assert_allclose(values[:, 1:], np.tile(z[1:], (41, 1)), rtol=1e-5)
        moves = np.array(message.header["values"])
        np.testing.assert_allclose(values[:, 0], z[0] + moves * std, rtol=1e-3, atol=1e-5)


def test_linear_step_tells_the_angles_that_were_computed(
    open_page: OpenPage, named_models: Path
) -> None:
    app = open_page(step="2")
    weights = [
        checkpoints.read(named_models / f"{name}.safetensors").tensors[f"decoder.{i}.weight"]
        for name, i in (("mnist-pca-32", 0), ("mnist-linear-32", 0))
    ]
    q = [np.linalg.qr(weight)[0] for weight in weights]
    least_cosine = np.linalg.svd(q[0].T @ q[1], compute_uv=False).min()
    assert f"at most {np.degrees(np.arccos(least_cosine)):.1f}° apart" in said(app)
    assert "has not found the subspace" in said(app)


def test_linear_step_at_all_components_shows_the_whole_pca(
    open_page: OpenPage, named_models: Path
) -> None:
    message = sent(open_page(step="2"))
    x = message.pictures(0, 0).astype(np.float32)
    x_hat = model("mnist-pca-32", named_models).reconstruct(x)
    np.testing.assert_allclose(message.numbers(1)[-1], metrics.mse(x, x_hat), rtol=0.02)


def test_sidebar_offers_no_choice_that_the_walk_ignores_and_keeps_it_for_other_pages(
    open_page: OpenPage,
) -> None:
    app = open_page(model="tiny-pca", split="train", step="2")
    keys = {one.key for one in (*app.sidebar.selectbox, *app.sidebar.button_group)}
    assert not keys & {"dataset", "split", "model"}
    app.query_params.clear()  # as the browser does when a page is left through the menu
    app.switch_page("pages/latent.py").run()
    assert app.selectbox(key="model").value == "tiny-pca"
    assert app.session_state["split"] == "train"


@pytest.mark.parametrize(
    ("link", "names"),
    [
        ({"step": "1"}, ("mnist-dense-2", "mnist-dense-8", "mnist-dense-32")),
        ({"step": "5", "output": "linear"}, ("mnist-pca-2", "mnist-overcomplete-linear")),
    ],
)
def test_step_says_in_a_line_which_models_it_uses(
    open_page: OpenPage, link: dict[str, str], names: tuple[str, ...]
) -> None:
    listed = ", ".join(f"`{name}`" for name in names)
    assert f"Models of this step: {listed}." in [one.value for one in open_page(**link).caption]


def fed(app: AppTest) -> dict[str, Any]:
    """What the page has sent to the network that pictures are dragged into."""
    (one,) = [one for one in app.get("bidi_component") if "learn_feeding" in one.proto.id]
    message = one.proto.bytes
    header: dict[str, Any] = json.loads(message[4 : 4 + int.from_bytes(message[:4], "little")])
    return header


@pytest.mark.parametrize("kind", ["a 7", "a 9", "a shape"])
def test_picture_in_the_tray_tells_its_error_and_its_place_among_learnt_digits(
    open_page: OpenPage, named_models: Path, kind: str
) -> None:
    item = next(item for item in fed(open_page(step="4"))["items"] if item["name"] == kind)
    assert item["group"] == {"a 7": "Known classes", "a 9": "Unknown classes"}.get(
        kind, "Not digits"
    )
    assert ("was trained on images like a 7" if kind == "a 7" else "was never shown a") in item[
        "said"
    ]
    images = catalogue.load("mnist-5k")
    mse = model("mnist-conv-32-no-5-9", named_models).errors(images.pixels())
    known = mse[~np.isin(np.asarray(images.labels), [5, 9])]
    if kind != "a shape":
        assert item["error"] == pytest.approx(mse[images.positions([item["id"]])[0]], rel=1e-5)
    place = f"{100 * (known < item['error']).mean():.0f} %"
    assert place in item["place"]
    assert f"{place} of the 800" in item["said"]


def test_other_pictures_fill_the_tray_with_others_and_leave_the_network_as_it_is(
    open_page: OpenPage,
) -> None:
    inside = next(item["id"] for item in fed(open_page(step="4"))["items"])
    app = open_page(step="4", fed=[inside])
    before = fed(app)
    next(button for button in app.button if button.label == "Other pictures").click().run()
    after = fed(app)
    trays = [{item["id"] for item in one["items"] if item["group"]} for one in (before, after)]
    assert len(trays[0]) == len(trays[1]) == 11
    assert not trays[0] & trays[1]
    assert before["fed"] == after["fed"] == [inside]
    assert [item["id"] for item in after["items"] if not item["group"]] == [inside]


def test_pictures_in_the_network_are_part_of_the_link_and_lost_ones_are_told(
    open_page: OpenPage,
) -> None:
    ids = [item["id"] for item in fed(open_page(step="4"))["items"]][:2]
    app = open_page(step="4", fed=[*ids, "mnist-5k/nowhere"])
    assert fed(app)["fed"] == ids
    assert app.query_params["fed"] == ids
    assert any("names the image" in one.value for one in app.warning)


def test_noise_step_changes_models_and_convention_with_its_switches(open_page: OpenPage) -> None:
    app = open_page(step="5", output="linear", clip="true", mu="0.1")
    labels = " ".join(row["detail"] for row in sent(app).header["rows"])
    assert "mnist-pca-2" in labels
    assert "mnist-overcomplete-linear" in labels
    assert "gaussian noise, mu 0.1, clipped to [0, 1]" in labels
    assert "linear output and gaussian noise, mu 0.1, clipped" in said(app)


def test_denoising_step_shows_both_losses_and_times_that_fit_its_curves(
    open_page: OpenPage,
) -> None:
    app = open_page(step="6", sigma="0.2")
    formulas = " ".join(element.value for element in app.latex)
    assert r"\ell\big(f(x),\, x\big)" in formulas
    assert r"\ell\big(f(x + s),\, x\big)" in formulas
    assert "At σ = 0.20" in said(app)
    lines = {line["name"]: line["y"] for line in sent(app).header["chart"]["lines"]}
    assert f"{lines['mnist-overcomplete'][20]:.4f} and {lines['mnist-denoising'][20]:.4f}" in said(
        app
    )


def test_noise_steps_measure_all_test_digits_and_say_so(
    open_page: OpenPage, named_models: Path
) -> None:
    app = open_page(step="6", sigma="0.5")
    noise, levels = Noise("gaussian", 0.0), curves.levels(11)
    digits = catalogue.load("mnist-5k")
    means = [
        curves.measure(model(name, named_models), digits, noise, 0, levels).mse[5].mean()
        for name in ("mnist-overcomplete", "mnist-denoising")
    ]
    said_here = f"on 1,000 test digits is {means[0]:.4f} and {means[1]:.4f}"
    assert said_here in said(app)
    stats = [stat["label"] for row in sent(app).header["rows"] for stat in row["stats"]]
    assert "MSE" not in stats, "of ten images, beside another number of a thousand"
    assert "on 1,000 test digits" in said(open_page(step="5"))


@pytest.mark.parametrize(("pictures", "channels"), [("digits", 1), ("shapes", 3)])
def test_convolution_step_covers_the_picture_and_shows_where_the_code_changes(
    open_page: OpenPage, pictures: str, channels: int
) -> None:
    app = open_page(step="7", pictures=pictures)
    message = sent(app)
    assert message.header["shape"][0] == channels
    first, last = (message.pictures(0, frame)[0] for frame in (0, 63))
    assert np.abs(first[:, :4, :4] - 0.5).max() < 0.01
    assert np.abs(last[:, -4:, -4:] - 0.5).max() < 0.01
    assert message.pictures(1, 0).max() <= 1.01
    assert f"{channels} channel{'s' * (channels > 1)}" in said(app)


def test_way_on_takes_model_image_and_data_along(open_page: OpenPage) -> None:
    app = open_page(step="1", digit="7", dataset="shapes")
    button(app, "go_on").click().run()
    assert app.session_state["model"] == "mnist-dense-2"
    assert app.session_state["dataset"] == "mnist-5k"
    labels = catalogue.load("mnist-5k").labels
    image = str(catalogue.load("mnist-5k").ids[np.flatnonzero(labels == 7)[0]])
    assert app.session_state["selected_ids"] == (image,)
    assert app.title[0].value == "Latent space"
    assert not app.exception


def test_way_on_takes_noise_and_models_along(open_page: OpenPage) -> None:
    app = open_page(step="5", output="linear", clip="true", mu="0.1", sigma="0.3")
    button(app, "go_on").click().run()
    assert app.title[0].value == "Robustness"
    assert not app.exception
    rows = sent(app).header["rows"]
    assert rows[1]["detail"] == "gaussian noise, mu 0.1, clipped to [0, 1]"
    assert sent(app).header["start"] == 0.3
    assert {"mnist-pca-2", "mnist-overcomplete-linear"} <= {row["detail"] for row in rows}


TITLES = ("Latent space", "Reconstruct", "Robustness", "Outliers", "Robustness", "Reconstruct",
          "Reconstruct")  # fmt: skip
TITLES_OF_CARDS = ("Robustness", "Outliers", "Robustness", "Outliers")
MORE = {  # of what a step can be asked, besides what it opens with
    "1": {"digit": "7", "nth": "3"},
    "2": {"shuffle": "4"},
    "4": {"fed": "mnist-5k/03534"},
    "5": {"output": "linear", "clip": "true", "mu": "0.1", "sigma": "0.3"},
    "6": {"denoisers": "convolutional", "sigma": "0.2"},
    "7": {"pictures": "shapes"},
    "noise": {"mismatch": "convolutional", "clip": "true", "sigma": "0.7"},
    "polluted": {"polluted": "9", "nth": "2"},
}
OPENED = [
    *(({"step": step}, title) for step, title in zip(STEPS, TITLES, strict=True)),
    *(
        ({"step": "wrong", "card": card}, title)
        for card, title in zip(CARDS, TITLES_OF_CARDS, strict=True)
    ),
]
CHANGED = [
    (link | MORE[name], title)
    for link, title in OPENED
    if (name := link.get("card", link["step"])) in MORE
]


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[GoOn]:
    """What the steps that were drawn offered to take along."""
    found: list[GoOn] = []
    go_on = parts.go_on

    def noting(way: GoOn) -> None:
        found.append(way)
        go_on(way)

    monkeypatch.setattr(parts, "go_on", noting)
    return found


@pytest.mark.parametrize(("link", "title"), [*OPENED, *CHANGED])
def test_way_on_opens_the_page_it_names_with_all_that_the_step_shows_and_a_link_to_it(
    open_page: OpenPage, ways: list[GoOn], link: dict[str, str], title: str
) -> None:
    app = open_page(**link)
    way = ways[-1]
    assert way.label.startswith(title)
    app.query_params.clear()  # as the browser does when a page is left
    button(app, "go_on").click().run()
    assert app.title[0].value == title
    assert not app.exception
    assert not app.error
    expected = dict(way.choices) | ({"selected_ids": way.images} if way.images else {})
    assert {name: app.session_state[name] for name in expected} == expected
    again = AppTest.from_file(str(APP), default_timeout=60)
    if way.page != "pages/reconstruct.py":
        again.switch_page(way.page)
    for name, value in app.query_params.items():
        again.query_params[name] = value
    again.run()
    assert {name: again.session_state[name] for name in expected} == expected


def test_models_that_the_steps_name_are_shipped() -> None:
    folder = PROJECT / "checkpoints"
    assert [name for name in NAMED if not (folder / f"{name}.safetensors").exists()] == []
