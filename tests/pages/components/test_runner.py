"""The runner's JavaScript in Node.js: each layer in both kinds of kernels, against Python."""

import base64
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest

from core.checkpoints import Checkpoint
from core.export.browser import BrowserModel, browser_model
from core.inference import Autoencoder
from core.models.layers import (
    Activation,
    ActivationName,
    BatchNorm,
    Bound,
    Conv,
    ConvTranspose,
    Layers,
    Linear,
    Plan,
    Reshape,
)
from pages.ui.components import runner
from pages.ui.figures.mosaic import colours
from tests.core.models_for_tests import tiny_checkpoint
from tests.pages.components.conftest import AskScript, base64_of

N = 7  # images: more than fit in a block, and not a multiple of it
Ask = Callable[..., Any]


def flat(layers: Layers, shape: tuple[int, int, int]) -> Plan:
    """An encoder of these layers on flat numbers, and a decoder that only goes back."""
    n = math.prod(shape)
    return Plan(shape, (n,), (Reshape((n,)), *layers), (Linear(n, n), Reshape(shape)))


def spatial(encoder: Layers, decoder: Layers, shape: tuple[int, int, int], block: Any) -> Plan:
    """Layers on images down to a block, and up again."""
    n = math.prod(block)
    return Plan(shape, block, (*encoder, Reshape((n,))), (Reshape(block), *decoder))


def both_ways(c: int, k: int, h: int, w: int, bias: bool = True) -> Plan:
    """One convolution down and one up, for c channels of h x w and k inside."""
    grow = (1 - h % 2, 1 - w % 2)
    block = (k, math.ceil(h / 2), math.ceil(w / 2))
    down, up = Conv(c, k, bias), ConvTranspose(k, c, grow, bias)
    return spatial((down,), (up,), (c, h, w), block)


def cases() -> dict[str, Plan]:
    """Plans of one or few layers, each in every form that it can have."""
    found = {
        f"linear {a} to {b}": Plan(
            (1, 1, a),
            (b,),
            (Reshape((a,)), Linear(a, b)),
            (Linear(b, a, False), Reshape((1, 1, a))),
        )
        for a, b in ((1, 1), (3, 2), (4, 4), (5, 7), (12, 8), (9, 13), (33, 21))
    }
    found |= {
        f"convolution of {c} x {h} x {w} to {k}{'' if bias else ', no bias'}": both_ways(
            c, k, h, w, bias
        )
        for c, k, h, w in ((1, 4, 4, 4), (3, 5, 5, 8), (2, 13, 8, 5), (8, 3, 7, 7), (5, 8, 1, 6))
        for bias in (True, False)
    }
    for name in get_args(ActivationName):
        found[f"{name}, flat"] = flat((Activation(name),), (1, 3, 5))
        up = (Activation(name), ConvTranspose(3, 2, (1, 0)), Activation(name))
        found[name] = spatial((Conv(2, 3), Activation(name)), up, (2, 6, 5), (3, 3, 3))
    inside = (Conv(1, 3), Bound(), Conv(3, 5))
    ups = (Bound(), ConvTranspose(5, 3, (1, 1)), Bound(), ConvTranspose(3, 1, (1, 1)), Bound())
    found["bound between convolutions"] = spatial(inside, ups, (1, 8, 12), (5, 2, 3))
    found["bound, flat"] = flat((Bound(), Linear(15, 15), Bound()), (1, 3, 5))
    found["normalised, flat"] = flat((BatchNorm(15), Activation("relu")), (1, 3, 5))
    norms = (BatchNorm(3, spatial=True), Conv(3, 5), Activation("relu"), BatchNorm(5, spatial=True))
    back = (Activation("relu"), BatchNorm(5, spatial=True), ConvTranspose(5, 3, (0, 1)))
    found["normalised"] = spatial(norms, back, (3, 5, 6), (5, 3, 3))
    found["reshaped between flat and spatial"] = Plan(
        (2, 4, 6),
        (9,),
        (
            *(Conv(2, 3), Reshape((18,)), Linear(18, 24)),
            *(Reshape((3, 2, 4)), Conv(3, 4), Reshape((8,)), Linear(8, 9)),
        ),
        (Linear(9, 18), Reshape((3, 2, 3)), ConvTranspose(3, 2, (1, 1))),
    )
    found["variational"] = replace(
        Plan((1, 2, 3), (2,), (Reshape((6,)), Linear(6, 4)), (Linear(2, 6), Reshape((1, 2, 3)))),
        variational=True,
    )
    return found


CASES = cases()


def checkpoint(plan: Plan) -> Checkpoint:
    """The plan with random weights."""
    rng = np.random.default_rng(0)
    tensors = {
        name: (np.abs if "running_var" in name else np.asarray)(
            0.1 + 0.6 * rng.standard_normal(shape)
        ).astype(np.float32)
        for name, shape in plan.tensors().items()
    }
    card = replace(tiny_checkpoint("dense").card, plan=plan, name="one layer")
    return Checkpoint(card, tensors)


def sent(plan: Plan) -> BrowserModel:
    return browser_model(checkpoint(plan), np.empty((0, *plan.input_shape), np.float32))


def images(plan: Plan) -> np.ndarray:
    x = np.random.default_rng(1).standard_normal((N, *plan.input_shape), np.float32)
    return 3 * x  # far enough from 0 for every part of an activation


def numbers(text: str, dtype: Any = np.float32) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


@pytest.fixture(scope="module")
def ask(ask_script: AskScript) -> Ask:
    """Has runner_in_node.js do something and gives what it answers."""
    return lambda *requests: ask_script("runner_in_node.js", *requests)


@pytest.fixture(scope="module")
def computed(ask: Ask) -> dict[str, Any]:
    """What node makes of all CASES, in one process."""
    requests = []
    for plan in CASES.values():
        x = images(plan)
        z = Autoencoder(checkpoint(plan)).encode(x)
        given = {"x": base64_of(x), "z": base64_of(z)}
        requests.append({"do": "compute", "message": base64_of(sent(plan).message())} | given)
    return dict(zip(CASES, ask(*requests), strict=True))


@pytest.mark.parametrize("kind", ["wasm", "plain"])
@pytest.mark.parametrize("case", CASES)
def test_layer_gives_the_numbers_of_the_server(
    case: str, kind: str, computed: dict[str, Any]
) -> None:
    server = Autoencoder(checkpoint(CASES[case]))
    z = server.encode(images(CASES[case]))
    found = computed[case][kind]
    np.testing.assert_allclose(numbers(found["z"]), z.ravel(), rtol=1e-5, atol=5e-5)
    np.testing.assert_allclose(numbers(found["x"]), server.decode(z).ravel(), rtol=1e-5, atol=5e-5)


ACTIVATIONS = (*get_args(ActivationName), "bound")
RANGE = np.append(np.linspace(-30, 30, 6001), [-1e4, -100, -88, 88, 100, 1e4, 0, -0.0, 0])


@pytest.fixture(scope="module")
def activated(ask: Ask) -> dict[str, Any]:
    """What node makes of RANGE with each activation, in one process."""
    given = {key: base64_of(RANGE.astype(np.float32)) for key in "xz"}
    requests = []
    for name in ACTIVATIONS:
        plan = flat((Bound() if name == "bound" else Activation(name),), (1, 1, len(RANGE)))
        plan = replace(plan, decoder=(plan.encoder[1], Reshape(plan.input_shape)))
        requests.append({"do": "compute", "message": base64_of(sent(plan).message())} | given)
    return dict(zip(ACTIVATIONS, ask(*requests), strict=True))


@pytest.mark.parametrize("kind", ["wasm", "plain"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_is_exact_over_its_whole_range(
    name: str, kind: str, activated: dict[str, Any]
) -> None:
    from scipy.special import erf

    a = RANGE.astype(np.float32).astype(np.float64)
    exact = {
        "relu": np.maximum(a, 0),
        "silu": a / (1 + np.exp(-a.clip(-700))),
        "gelu": a * (1 + erf(a / math.sqrt(2))) / 2,
        "tanh": np.tanh(a),
        "bound": (1 + np.tanh(a)) / 2,
    }[name]
    np.testing.assert_allclose(numbers(activated[name][kind]["x"]), exact, rtol=1e-6, atol=2e-6)


def test_half_precision_is_read_exactly(ask: Ask) -> None:
    expected = np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float32)
    (found,) = ask({"do": "halves"})
    np.testing.assert_array_equal(numbers(found), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_colours_are_those_of_the_server(channels: int, ask: Ask) -> None:
    x = np.random.default_rng(0).uniform(-0.2, 1.2, (3, channels, 4, 5)).astype(np.float32)
    (found,) = ask({"do": "colours", "x": base64_of(x), "shape": [channels, 4, 5]})
    pixels = numbers(found, np.uint8).reshape(3, 4, 5, 4)
    np.testing.assert_allclose(pixels[..., :3], colours(x), atol=1)  # 255 x in float64 and float32
    assert (pixels[..., :3] == colours(x)).mean() > 0.99
    assert (pixels[..., 3] == 255).all()


def test_drag_never_queues_up(ask: Ask) -> None:
    plan = Plan((1, 1, 2), (1,), (Reshape((2,)), Linear(2, 1)), (Linear(1, 2), Reshape((1, 1, 2))))
    z = np.arange(50, dtype=np.float32)
    model = sent(plan)
    drag = {"do": "drag", "digest": model.header["digest"], "z": base64_of(z), "steps": len(z)}
    (found,) = ask(drag | {"message": base64_of(model.message())})
    decoded = Autoencoder(checkpoint(plan)).decode(z[:, None]).reshape(-1, 2)
    assert found["fetched"] == 1
    assert found["kept"] == [0, len(z) - 1]  # what had begun, and the newest
    np.testing.assert_allclose(numbers(found["last"]), decoded[-1], rtol=1e-5)
    for name in ("alone", "other"):
        np.testing.assert_allclose(numbers(found[name]), decoded[0], rtol=1e-5)


def test_models_that_were_pushed_out_are_fetched_again_and_errors_say_why(ask: Ask) -> None:
    plan = Plan((1, 1, 2), (1,), (Reshape((2,)), Linear(2, 1)), (Linear(1, 2), Reshape((1, 1, 2))))
    models = [sent(plan) for _ in range(8)]
    models = [replace(m, header=m.header | {"digest": f"{i}"}) for i, m in enumerate(models)]
    messages = [base64_of(model.message()) for model in models]
    digests = [model.header["digest"] for model in models]
    z = base64_of(np.ones(1, np.float32))
    given = {"do": "many", "messages": messages, "digests": digests, "z": z}
    found, all_kept, bounded = ask(given, given | {"maxModels": 8}, given | {"maxBytes": 1})
    assert found["fetched"] == [*range(8), *range(8), 0]
    assert all_kept["fetched"] == [*range(8)]
    assert bounded["fetched"] == found["fetched"]
    assert found["errors"] == [
        "This model is not known here.",
        "The numbers given do not fit the model.",
    ]
    assert found["nothing"] == 0


def test_damaged_models_are_refused_in_a_sentence(ask: Ask) -> None:
    model = sent(CASES["convolution of 3 x 5 x 8 to 5"])
    message = model.message()

    def changed(layer: dict[str, Any], **header: Any) -> bytes:
        encoder = [model.header["encoder"][0] | layer, *model.header["encoder"][1:]]
        other = BrowserModel(model.header | {"encoder": encoder} | header, model.body)
        return other.message()

    damaged = [
        b"",
        b"\0\0\0\0",
        b"\3\0\0\0{no",
        b"\4\0\0\0null",
        message[:-4],
        message + b"\0\0\0\0",
        changed({}, format=2),
        changed({}, input_shape=[3, 5]),
        changed({}, weights=-1),
        changed({}, decoder=None),
        changed({"kind": "constructor"}),
        changed({"kind": "__proto__"}),
        changed({"weight": 10**6}),
        changed({"weight": None}),
        changed({"c_out": 10**5}),
        changed({"c_in": 2}),
        changed({"bias": 3.5}),
        changed({"kind": "activation", "name": "constructor"}),
        changed({}, latent_dim=10**6),
        changed({}, input_shape=[3, 10**5, 10**5]),
    ]
    (found,) = ask({"do": "refused", "messages": [base64_of(one) for one in (message, *damaged)]})
    assert found[0] == ""
    assert all(one.endswith(".") and " " in one for one in found[1:]), found


def test_bundle_is_one_function_and_can_stand_in_a_page() -> None:
    text = runner.script()
    assert text.startswith("function hourglassRunner() {")
    assert "</" not in text
