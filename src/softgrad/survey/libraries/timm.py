"""Timm: the losses of its training script."""

import timm.loss

from softgrad.survey.dialects import TORCH
from softgrad.survey.library import Call, Library

__all__ = ["LIBRARY"]


def smoothed_cross_entropy(logits, target, label_smoothing=0.0):
    """Return the mean loss for class indices, smoothed."""
    return timm.loss.LabelSmoothingCrossEntropy(smoothing=label_smoothing)(logits, target)


def soft_cross_entropy(logits, target):
    """Return the mean loss for probabilities."""
    return timm.loss.SoftTargetCrossEntropy()(logits, target)


def binary_cross_entropy(
    logits, target, weight=None, pos_weight=None, label_smoothing=0.0, reduction="mean"
):
    """Return the loss for probabilities."""
    loss = timm.loss.BinaryCrossEntropy(
        smoothing=label_smoothing,
        weight=weight,
        reduction=reduction,
        pos_weight=pos_weight,
        smooth_dense=True,
    )
    return loss(logits, target)


LIBRARY = Library(
    name="timm",
    title="timm",
    distribution="timm",
    dialect=TORCH,
    calls={
        "cross_entropy": (
            Call(
                "timm.loss.LabelSmoothingCrossEntropy",
                smoothed_cross_entropy,
                ("index",),
                {"reduction": "mean"},
            ),
            Call(
                "timm.loss.SoftTargetCrossEntropy",
                soft_cross_entropy,
                ("soft",),
                {"reduction": "mean"},
            ),
        ),
        "binary_cross_entropy": (
            Call("timm.loss.BinaryCrossEntropy", binary_cross_entropy, ("soft",)),
        ),
    },
)
