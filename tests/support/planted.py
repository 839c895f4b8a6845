"""A library whose functions each have one planted defect, and its right twin.

All of it is torch. What is right comes from softgrad, in the dtype of the call; each defect is in
one order, option, layout, row or dtype, and nowhere before it.
"""

import torch

import softgrad

__all__ = ["PLANTED", "RIGHT"]


def softmax(x, axis=-1, where=None, temperature=1.0):
    return softgrad.softmax(x, axis, where=where, temperature=temperature)


def log_softmax(x, axis=-1):
    return softgrad.log_softmax(x, axis)


def sigmoid(x):
    return softgrad.sigmoid(x)


def cross_entropy(logits, target, label_smoothing=0.0, ignore_index=-100, reduction="mean"):
    return softgrad.cross_entropy(
        logits,
        target,
        label_smoothing=label_smoothing,
        ignore_index=ignore_index,
        reduction=reduction,
    )


RIGHT = {
    "softmax": softmax,
    "log_softmax": log_softmax,
    "sigmoid": sigmoid,
    "cross_entropy": cross_entropy,
}


def overflowing_softmax(x, axis=-1):
    e = torch.exp(x)
    return e / e.sum(axis, keepdim=True)


def log_of_softmax(x, axis=-1):
    return torch.log(torch.softmax(x, axis))


def fixed_axis_softmax(x, axis=-1):
    return softgrad.softmax(x, -1)


def layout_blind_softmax(x, axis=-1):
    return softgrad.softmax(x.as_strided(x.shape, (x.shape[1], 1)), axis)


class DiagonalOnly(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        p = torch.softmax(x, -1)
        ctx.save_for_backward(p)
        return p

    @staticmethod
    def backward(ctx, g):
        (p,) = ctx.saved_tensors
        return g * p * (1 - p)


def diagonal_softmax(x):
    return DiagonalOnly.apply(x)


class Detached(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return softgrad.sigmoid(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        s, r = softgrad.sigmoid(x.detach()), softgrad.sigmoid(-x.detach())
        return g * s * r


def once_differentiable_sigmoid(x):
    return Detached.apply(x)


class Squared(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return softgrad.sigmoid(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * g * softgrad.sigmoid(x) * softgrad.sigmoid(-x) / g


def overflowing_backward_sigmoid(x):
    return Squared.apply(x)


def inaccurate_sigmoid(x):
    return softgrad.sigmoid(x) * (1 + 32 * torch.finfo(x.dtype).eps)


def raising_sigmoid(x):
    if x.dtype == torch.float16:
        raise RuntimeError("not for Half")
    return softgrad.sigmoid(x)


def mask_blind_softmax(x, where=None):
    return softgrad.softmax(x)


def twice_tempered_softmax(x, temperature=1.0):
    return softgrad.softmax(x, temperature=temperature**2)


def cross_entropy_over_all_rows(logits, target, ignore_index=-100, reduction="mean"):
    if reduction == "mean":
        rows = softgrad.cross_entropy(logits, target, ignore_index=ignore_index, reduction="none")
        return rows.sum() / len(rows)
    return softgrad.cross_entropy(logits, target, ignore_index=ignore_index, reduction=reduction)


PLANTED = [
    # function, member, dtype, order in which it shows first, option, layout, rows, verdict
    (overflowing_softmax, "softmax", "float32", "value", "", "", {"saturated", "large"}, "wrong"),
    (log_of_softmax, "log_softmax", "float64", "value", "", "", {"large", "saturated"}, "wrong"),
    (fixed_axis_softmax, "softmax", "float32", "value", "", "first axis", {"moderate"}, "wrong"),
    (layout_blind_softmax, "softmax", "float32", "value", "", "fortran", {"moderate"}, "wrong"),
    (layout_blind_softmax, "softmax", "float32", "value", "", "strided", {"moderate"}, "wrong"),
    (diagonal_softmax, "softmax", "float64", "vjp", "", "", {"moderate", "tied"}, "wrong"),
    (once_differentiable_sigmoid, "sigmoid", "float32", "second", "", "", {"moderate"}, "wrong"),
    (overflowing_backward_sigmoid, "sigmoid", "float32", "vjp", "", "", {"moderate"}, "wrong"),
    (inaccurate_sigmoid, "sigmoid", "float32", "value", "", "", {"moderate"}, "inaccurate"),
    (raising_sigmoid, "sigmoid", "float16", "value", "", "", {"moderate"}, "raises"),
    (mask_blind_softmax, "softmax", "float32", "value", "where", "", {"moderate"}, "wrong"),
    (
        twice_tempered_softmax,
        "softmax",
        "bfloat16",
        "value",
        "temperature",
        "",
        {"moderate"},
        "wrong",
    ),
    (
        cross_entropy_over_all_rows,
        "cross_entropy",
        "float64",
        "value",
        "index target, reduction=mean",
        "",
        {"one row ignored"},
        "wrong",
    ),
]
"""Each defect, and the cell in which it must be found."""
