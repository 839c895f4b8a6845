"""ONNX Runtime on the processor: one operator a model, values only."""

import numpy as np
import onnx
import onnxruntime

from softgrad.survey.dialects import NUMPY
from softgrad.survey.library import Call, Library

__all__ = ["LIBRARY"]


def run(operator, *arrays, **attributes):
    """Return the first output of a model of one operator."""
    arrays = {f"in{k}": np.asarray(a) for k, a in enumerate(arrays)}
    kinds = [onnx.helper.np_dtype_to_tensor_dtype(a.dtype) for a in arrays.values()]
    inputs = [
        onnx.helper.make_tensor_value_info(name, kind, a.shape)
        for (name, a), kind in zip(arrays.items(), kinds, strict=True)
    ]
    output = onnx.helper.make_tensor_value_info("out", kinds[0], None)
    node = onnx.helper.make_node(operator, list(arrays), ["out"], **attributes)
    graph = onnx.helper.make_graph([node], "one", inputs, [output])
    opset = [onnx.helper.make_opsetid("", 21)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=10)
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        if "NOT_IMPLEMENTED" in str(error):
            raise NotImplementedError(str(error)) from None
        raise
    return session.run(None, arrays)[0]


def softmax(x, axis=-1):
    """Return probabilities."""
    return run("Softmax", x, axis=axis)


def log_softmax(x, axis=-1):
    """Return log-probabilities."""
    return run("LogSoftmax", x, axis=axis)


def logsumexp(x, axis=-1, keepdims=False):
    """Return the logarithm of the sum of exponentials."""
    return run("ReduceLogSumExp", x, np.array([axis], dtype=np.int64), keepdims=int(keepdims))


def sigmoid(x):
    """Return σ(x)."""
    return run("Sigmoid", x)


def softplus(x):
    """Return log(1 + e^x)."""
    return run("Softplus", x)


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean"):
    """Return the loss."""
    arrays = [logits, target] if weight is None else [logits, target, weight]
    return run("SoftmaxCrossEntropyLoss", *arrays, ignore_index=ignore_index, reduction=reduction)


LIBRARY = Library(
    name="onnxruntime",
    title="ONNX Runtime",
    distribution="onnxruntime",
    dialect=NUMPY,
    dtypes=("float64", "float32", "float16"),
    calls={
        "softmax": (Call("Softmax", softmax),),
        "log_softmax": (Call("LogSoftmax", log_softmax),),
        "logsumexp": (Call("ReduceLogSumExp", logsumexp),),
        "sigmoid": (Call("Sigmoid", sigmoid),),
        "softplus": (Call("Softplus", softplus),),
        "cross_entropy": (Call("SoftmaxCrossEntropyLoss", cross_entropy, ("index",)),),
    },
)
