"""onnxruntime on a model of one operator: every call returns a new array."""

from collections.abc import Callable
from functools import partial
from typing import Any

import onnxruntime
from bench.kernels.cases import Case, logits
from onnx import TensorProto, helper


def session(case: Case, operator: str, **attributes: Any) -> onnxruntime.InferenceSession:
    """Return a session that runs the operator."""
    kind = getattr(TensorProto, {"float32": "FLOAT", "float64": "DOUBLE"}[case.dtype])
    x = helper.make_tensor_value_info("x", kind, case.shape)
    y = helper.make_tensor_value_info("y", kind, None)
    node = helper.make_node(operator, ["x"], ["y"], **attributes)
    graph = helper.make_graph([node], operator, [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = case.threads
    options.log_severity_level = 4
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers)


def _runs(made: onnxruntime.InferenceSession, case: Case) -> Callable[[], object]:
    return partial(made.run, None, {"x": logits(case)})


def softmax(case: Case) -> Callable[[], object]:
    return _runs(session(case, "Softmax", axis=case.axis), case)


def log_softmax(case: Case) -> Callable[[], object]:
    return _runs(session(case, "LogSoftmax", axis=case.axis), case)


def logsumexp(case: Case) -> Callable[[], object]:
    return _runs(session(case, "ReduceLogSumExp", axes=[case.axis], keepdims=0), case)
