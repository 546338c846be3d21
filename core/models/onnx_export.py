"""A plan and its weights as an ONNX model, for any other program; loads no training library."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from core.models.layers import (
    NORM_EPSILON,
    Activation,
    BatchNorm,
    Bound,
    Conv,
    ConvTranspose,
    Layer,
    Layers,
    Linear,
    Plan,
    Reshape,
    Skip,
)

Part = Literal["whole", "encoder", "decoder", "locator"]
PARTS: tuple[Part, ...] = ("whole", "encoder", "decoder")  # that every plan has
OPSET, IR_VERSION = 18, 9  # read by ONNX Runtime from 1.15 on
Tensors = dict[str, npt.NDArray[np.float32]]


def to_onnx(
    plan: Plan,
    tensors: Tensors,
    part: Part = "whole",
    about: str = "",
    facts: Mapping[str, str] | None = None,
) -> bytes:
    """The model as the content of an .onnx file, checked.

    part: "encoder" x (n, C, H, W) -> z (n, D'), "decoder" z -> x_hat (n, C, H, W), "whole" x ->
    x_hat, "locator" z -> (n, 1, H, W), for plans that have one; all float32 with any n; pixels are
    0 to 1.  tensors: float32, as in a checkpoint.
    about: written into the file.  facts: its metadata, by name.
    """
    from_code = part in ("decoder", "locator")
    graph = _Graph(tensors, "z" if from_code else "x")
    if not from_code:
        graph.add("encoder", plan.encoder)
        if plan.variational:
            graph.first(plan.latent_dim)
    if part == "locator":
        graph.add("locator", plan.locator)
    elif part != "encoder":
        graph.add("decoder", plan.decoder)
    x, z = list(plan.input_shape), [plan.latent_dim]
    given = _value("z", z) if from_code else _value("x", x)
    outputs = {"encoder": ("z", z), "locator": ("found", [1, *x[1:]])}
    made = _value(*outputs.get(part, ("x_hat", x)))
    return graph.finished(given, made, about, facts)


def hidden_to_onnx(plan: Plan, tensors: Tensors) -> bytes:
    """The encoder as the content of an .onnx file that gives the values of its hidden layers.

    x (n, C, H, W) -> h (n, k), float32: what each activation gives, flattened, and the code, one
    after the other.
    """
    graph = _Graph(tensors, "x")
    graph.add("encoder", plan.encoder)
    if plan.variational:
        graph.first(plan.latent_dim)
    if not plan.encoder or not isinstance(plan.encoder[-1], Activation):
        graph.activations.append(graph.last)
    graph.join_activations()
    made = helper.make_tensor_value_info("h", TensorProto.FLOAT, ["n", "k"])
    return graph.finished(_value("x", list(plan.input_shape)), made, "")


def _value(name: str, shape: list[int]) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *shape])


@dataclass
class _Graph:
    """Nodes in a row, each taking what the one before it gave.

    activations: the names of what the activations gave.
    """

    tensors: Tensors
    last: str
    activations: list[str] = field(default_factory=list)
    nodes: list[Any] = field(default_factory=list)
    constants: dict[str, npt.NDArray[Any]] = field(default_factory=dict)

    def add(self, part: str, layers: Layers) -> None:
        """The layers of "encoder", "decoder" or "locator"."""
        for i, layer in enumerate(layers):
            name = f"{part}.{i}"
            if isinstance(layer, Skip):
                self._skip(name, layer)
                continue
            names = [f"{name}.{tensor}" for tensor in layer.tensors()]
            self.constants |= {each: self.tensors[each] for each in names}
            self._layer(layer, names)

    def first(self, n: int) -> None:
        """The first n columns: of a variational code, its means."""
        bounds = {"from": 0, "to": n, "axis": 1}
        self._node("Slice", *(self._constant(k, np.array([v])) for k, v in bounds.items()))

    def join_activations(self) -> None:
        """All activations, flattened, one after the other."""
        flat = []
        for name in self.activations:
            self.last = name
            self._node("Flatten", axis=1)
            flat.append(self.last)
        self.last = flat[0]
        self._node("Concat", *flat[1:], axis=1)

    def finished(
        self, given: Any, made: Any, about: str, facts: Mapping[str, str] | None = None
    ) -> bytes:
        """The file's content."""
        self.nodes.append(helper.make_node("Identity", [self.last], [made.name]))
        weights = [numpy_helper.from_array(np.asarray(t), n) for n, t in self.constants.items()]
        graph = helper.make_graph(self.nodes, "hourglass", [given], [made], weights)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            producer_name="hourglass",
            doc_string=about,
            ir_version=IR_VERSION,
        )
        helper.set_model_props(model, dict(facts or {}))
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())

    def _skip(self, name: str, layer: Skip) -> None:
        before, activations = self.last, list(self.activations)
        self.add(name, layer.layers)
        self.activations = activations  # those within are no stage of the encoder
        self._node("Add", before)

    def _layer(self, layer: Layer, names: list[str]) -> None:
        match layer:
            case Linear():
                self._node("Gemm", *names, transB=1)
            case Conv():
                strides = (layer.stride, layer.stride)
                self._node("Conv", *names, **(_STRIDE | {"strides": strides}))
            case ConvTranspose(_, _, grow):
                self._node("ConvTranspose", *names, output_padding=grow, **_STRIDE)
            case BatchNorm():
                self._node("BatchNormalization", *names, epsilon=NORM_EPSILON)
            case Activation(name):
                getattr(self, f"_{name}")()
                self.activations.append(self.last)
            case Bound():
                self._node("Tanh")
                self._node("Add", self._number(1.0))
                self._node("Mul", self._number(0.5))
            case Reshape(shape):  # 0 keeps n
                self._node("Reshape", self._constant("shape", np.array([0, *shape])))
            case Skip():
                raise AssertionError("add() takes these")

    def _relu(self) -> None:
        self._node("Relu")

    def _tanh(self) -> None:
        self._node("Tanh")

    def _silu(self) -> None:
        a = self.last
        self._node("Sigmoid")
        self._node("Mul", a)

    def _gelu(self) -> None:
        """A / 2 * (1 + erf(a / sqrt 2))."""
        a = self.last
        self._node("Mul", self._number(1 / math.sqrt(2)))
        self._node("Erf")
        self._node("Add", self._number(1.0))
        self._node("Mul", a)
        self._node("Mul", self._number(0.5))

    def _node(self, kind: str, *more: str, **attributes: Any) -> None:
        made = f"a{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [self.last, *more], [made], **attributes))
        self.last = made

    def _number(self, value: float) -> str:
        return self._constant(f"{value:g}", np.array(value, np.float32))

    def _constant(self, name: str, value: npt.NDArray[Any]) -> str:
        name = f"{name}-{len(self.nodes)}"
        self.constants[name] = value
        return name


_STRIDE: dict[str, Any] = {
    "kernel_shape": (3, 3),
    "strides": (2, 2),
    "pads": (1, 1, 1, 1),
}
