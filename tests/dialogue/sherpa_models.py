"""Small random ONNX models of the shapes that sherpa-onnx publishes: a segmentation and a voice model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FIELD, SHIFT, WINDOW, CLASSES = 991, 270, 160_000, 7


def _model(path: Path, graph: onnx.GraphProto, said: dict[str, object]) -> None:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    for key, value in said.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, str(value)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def segmentation(path: Path) -> None:
    """(n, 1, samples) -> (n, frames, 7): silence where it is silent, else whichever random filter answers loudest."""
    rng = np.random.default_rng(3)
    bands = np.sin(2 * np.pi * np.outer([60, 120, 180, 240, 300, 360], np.arange(FIELD)) / 16_000)
    filters = np.concatenate([np.zeros((1, FIELD)), bands * 4 + 0.01 * rng.normal(size=bands.shape)])
    kernel = numpy_helper.from_array(filters[:, None].astype(np.float32), "kernel")
    bias = numpy_helper.from_array(np.array([0.5, 0, 0, 0, -9, -9, -9], np.float32), "bias")
    nodes = [
        helper.make_node("Conv", ["x", "kernel", "zero"], ["answer"], strides=[SHIFT], kernel_shape=[FIELD]),
        helper.make_node("Abs", ["answer"], ["loud"]),
        helper.make_node("Add", ["loud", "row"], ["scores"]),
        helper.make_node("Transpose", ["scores"], ["framed"], perm=[0, 2, 1]),
        helper.make_node("LogSoftmax", ["framed"], ["y"], axis=2),
    ]
    row = numpy_helper.from_array(numpy_helper.to_array(bias)[None, :, None].copy(), "row")
    zero = numpy_helper.from_array(np.zeros(CLASSES, np.float32), "zero")
    ends = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, "T"]),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", "frames", CLASSES]),
    ]
    said = {
        "model_type": "pyannote-segmentation-3.0", "num_speakers": 3, "powerset_max_classes": 2,
        "num_classes": CLASSES, "sample_rate": 16_000, "window_size": WINDOW, "receptive_field_size": FIELD,
        "receptive_field_shift": SHIFT, "version": 1,
    }  # fmt: skip
    _model(path, helper.make_graph(nodes, "segmentation", ends[:1], ends[1:], [kernel, row, zero]), said)


def voice(path: Path, dimension: int = 32) -> None:
    """(n, frames, 80) log mel energies -> (n, dimension): a random projection of their mean."""
    projection = np.random.default_rng(4).normal(size=(80, dimension)).astype(np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["feats"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["mean", "projection"], ["embs"]),
    ]
    ends = [
        helper.make_tensor_value_info("feats", TensorProto.FLOAT, ["N", "T", 80]),
        helper.make_tensor_value_info("embs", TensorProto.FLOAT, ["N", dimension]),
    ]
    said = {
        "framework": "wespeaker", "language": "English", "url": "", "comment": "", "sample_rate": 16_000,
        "output_dim": dimension, "normalize_samples": 0, "feature_normalize_type": "",
    }  # fmt: skip
    weights = [numpy_helper.from_array(projection, "projection")]
    _model(path, helper.make_graph(nodes, "voice", ends[:1], ends[1:], weights), said)


def write_models(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    segmentation(folder / "segmentation.onnx")
    voice(folder / "voice.onnx")
    return folder
