"""Hugging Face transformers: the losses of its models and of its trainer."""

import transformers.loss.loss_utils as loss_utils
import transformers.trainer_pt_utils as trainer

from softgrad.survey.dialects import TORCH
from softgrad.survey.library import Call, Library

__all__ = ["LIBRARY"]


def cross_entropy(logits, target, ignore_index=-100):
    """Return the loss of the language models."""
    return loss_utils.fixed_cross_entropy(logits, target, ignore_index=ignore_index)


def smoothed_cross_entropy(logits, target, label_smoothing=0.0, ignore_index=-100):
    """Return the trainer's loss with smoothed labels."""
    smoother = trainer.LabelSmoother(epsilon=label_smoothing, ignore_index=ignore_index)
    return smoother({"logits": logits}, target)


LIBRARY = Library(
    name="transformers",
    title="transformers",
    distribution="transformers",
    dialect=TORCH,
    calls={
        "cross_entropy": (
            Call("fixed_cross_entropy", cross_entropy, ("index",), {"reduction": "mean"}),
            Call("LabelSmoother", smoothed_cross_entropy, ("index",), {"reduction": "mean"}),
        ),
    },
)
