"""Makes the int8 model that reads lines out of the fp32 model in RapidOCR's wheel.

The weights and activations of its convolutions become int8, with ranges that are measured while
drawn lines are read. onnx and onnxruntime.quantization are imported here only.
"""

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
from onnx import helper, numpy_helper, version_converter
from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from worker.pipeline.ocr.models.drawn_lines import Lines, drawn_lines

# Per-channel weights need this version of the operators at least; the wheel's model has 11.
_OPERATORS = 13
# These would hide operators from the quantiser.
_UNWANTED = ["ConvActivationFusion", "ConvAddActivationFusion", "MatmulTransposeFusion"]
# Ranges leave out one value in ten thousand: with all of them, the error is a third larger.
_PERCENTILE = 99.99
# Without this mark, the quantiser logs the advice to do what we did.
_PREPARED = {"onnx.quant.pre_process": "onnxruntime.quant"}


def quantised(source: Path) -> bytes:
    """Return the int8 model as ONNX; it takes some ten seconds of CPU.

    Its output are logits of shape (steps, tokens), which its metadata says.
    """
    with TemporaryDirectory() as folder:
        prepared, made = Path(folder) / "prepared.onnx", Path(folder) / "int8.onnx"
        _optimise(_upgraded(source), prepared)
        graph = onnx.load(prepared)
        _give_logits(graph.graph)
        helper.set_model_props(graph, _PREPARED)
        onnx.save(graph, prepared)
        _quantise(prepared, made, graph.graph)
        result = onnx.load(made)
        helper.set_model_props(result, _metadata(source))
        return bytes(result.SerializeToString())


def _quantise(prepared: Path, made: Path, graph: onnx.GraphProto) -> None:
    # The calibrator prints its steps, and the only output of the command shall be a path.
    with redirect_stdout(io.StringIO()):
        quantize_static(
            prepared,
            made,
            _Reader(graph.input[0].name, drawn_lines()),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Gemm"],
            nodes_to_exclude=_kept_exact(graph),
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={
                "CalibPercentile": _PERCENTILE,
                # The logits stay fp32, since confidences are computed from them.
                "OpTypesToExcludeOutputQuantization": ["Gemm"],
            },
        )


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, name: str, lines: Sequence[Lines]) -> None:
        self._feeds = iter([{name: line} for line in lines])

    def get_next(self) -> dict[str, Any] | None:
        """Return the next input of the model, or None after the last."""
        return next(self._feeds, None)


def _metadata(source: Path) -> dict[str, str]:
    """Return the metadata of the source, which has the characters, and what the output is."""
    found = {entry.key: entry.value for entry in onnx.load(source).metadata_props}
    return {**found, "output": "logits"}


def _upgraded(source: Path) -> bytes:
    model = version_converter.convert_version(onnx.load(source), _OPERATORS)
    return bytes(model.SerializeToString())


def _optimise(model: bytes, to: Path) -> None:
    """Write the model with its small operators fused, so that fewer have to be converted."""
    options = SessionOptions()
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(to)
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    InferenceSession(
        model, options, providers=["CPUExecutionProvider"], disabled_optimizers=_UNWANTED
    )


def _give_logits(graph: onnx.GraphProto) -> None:
    """Replace the last three operators, MatMul, Add and Softmax, by one Gemm.

    A Gemm adds the bias on its way. Softmax over 18,710 tokens costs more than it is worth, since
    most steps show no letter.
    """
    product, addition, softmax = graph.node[-3:]
    steps = f"{product.input[0]}_steps"
    weights = next(i for i in graph.initializer if i.name == product.input[1])
    width = int(numpy_helper.to_array(weights).shape[0])
    graph.initializer.append(helper.make_tensor("steps_shape", 7, [2], [-1, width]))
    reshape = helper.make_node("Reshape", [product.input[0], "steps_shape"], [steps], "steps")
    (bias,) = (name for name in addition.input if name != product.output[0])
    gemm = helper.make_node("Gemm", [steps, weights.name, bias], ["logits"], "logits")
    for node in (product, addition, softmax):
        graph.node.remove(node)
    graph.node.extend([reshape, gemm])
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("logits", 1, ["steps", None]))


def _kept_exact(graph: onnx.GraphProto) -> list[str]:
    """Return the names of convolutions that stay fp32: depthwise ones, which int8 slows down, and
    those on the mean of a channel, which cost nothing."""
    shapes = {weights.name: list(weights.dims) for weights in graph.initializer}
    made_by = {output: node for node in graph.node for output in node.output}
    return [
        node.name
        for node in graph.node
        if node.op_type == "Conv"
        and (shapes[node.input[1]][1] == 1 or _follows_a_mean(node, made_by))
    ]


def _follows_a_mean(node: onnx.NodeProto, made_by: dict[str, onnx.NodeProto]) -> bool:
    """Return whether a convolution sees means only: squeeze and excitation has two in a row."""
    before = made_by.get(node.input[0])
    while before is not None and before.op_type in ("Conv", "Relu"):
        before = made_by.get(before.input[0])
    return before is not None and before.op_type in ("ReduceMean", "GlobalAveragePool")
