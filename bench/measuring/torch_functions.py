"""Functions of ``torch.nn.functional`` with example inputs; what they compute is torch's own."""

from typing import Any

import torch
import torch.nn.functional as F

from measuring.drawn import (
    at,
    classes,
    distribution,
    normal,
    positive,
    signs,
    tied,
    unit,
)

__all__ = ["AT_KINKS", "CRASHES", "DEFECTS", "DELIBERATE", "FUNCTIONS"]

VECTOR = (normal(3, 5),)
PAIR = (normal(4, 6), normal(4, 6))
IMAGE = (normal(2, 3, 6, 6),)

# fmt: off
_ELEMENTWISE = (
    F.celu, F.elu, F.gelu, F.glu, F.hardsigmoid, F.hardswish, F.hardtanh, F.leaky_relu,
    F.logsigmoid, F.mish, F.relu, F.relu6, F.selu, F.silu, F.softplus, F.softsign, F.tanhshrink,
    F.softshrink, F.hardshrink, F.sigmoid, F.tanh, F.normalize,
)
# fmt: on

FUNCTIONS: dict[str, tuple[Any, tuple]] = {
    **{f.__name__: (f, (normal(3, 6),)) for f in _ELEMENTWISE},
    "softmax": (lambda x: F.softmax(x, -1), VECTOR),
    "softmin": (lambda x: F.softmin(x, -1), VECTOR),
    "log_softmax": (lambda x: F.log_softmax(x, 0), VECTOR),
    "prelu": (F.prelu, (normal(2, 3, 4), unit(3))),
    "threshold": (lambda x: F.threshold(x, 0.1, 0.1), VECTOR),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (5,), w, b), (*VECTOR, normal(5), normal(5))),
    "rms_norm": (lambda x, w: F.rms_norm(x, (5,), w), (*VECTOR, normal(5))),
    "group_norm": (
        lambda x, w, b: F.group_norm(x, 2, w, b),
        (normal(2, 4, 5), normal(4), normal(4)),
    ),
    "instance_norm": (F.instance_norm, (normal(2, 3, 5),)),
    "batch_norm": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        (normal(5, 3, 2), normal(3), normal(3)),
    ),
    "local_response_norm": (lambda x: F.local_response_norm(x, 3), IMAGE),
    "linear": (F.linear, (normal(3, 5), normal(4, 5), normal(4))),
    "bilinear": (F.bilinear, (normal(3, 4), normal(3, 5), normal(2, 4, 5), normal(2))),
    "conv1d": (
        lambda x, w, b: F.conv1d(x, w, b, stride=2),
        (normal(2, 3, 9), normal(4, 3, 3), normal(4)),
    ),
    "conv2d": (
        lambda x, w, b: F.conv2d(x, w, b, padding=1, dilation=2),
        (*IMAGE, normal(4, 3, 2, 2), normal(4)),
    ),
    "conv3d": (F.conv3d, (normal(1, 2, 3, 4, 3), normal(2, 2, 2, 2, 2))),
    "conv_transpose1d": (F.conv_transpose1d, (normal(2, 3, 5), normal(3, 2, 3))),
    "conv_transpose2d": (
        lambda x, w: F.conv_transpose2d(x, w, stride=2, output_padding=1),
        (normal(1, 3, 4, 4), normal(3, 2, 3, 3)),
    ),
    "unfold": (lambda x: F.unfold(x, 3), IMAGE),
    "fold": (lambda x: F.fold(x, (4, 4), 2), (normal(1, 12, 9),)),
    "avg_pool1d": (lambda x: F.avg_pool1d(x, 2), (normal(2, 3, 8),)),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), IMAGE),
    "avg_pool3d": (lambda x: F.avg_pool3d(x, 2), (normal(1, 2, 4, 4, 4),)),
    "max_pool1d": (lambda x: F.max_pool1d(x, 2), (normal(2, 3, 8),)),
    "max_pool2d": (lambda x: F.max_pool2d(x, 3, 2), IMAGE),
    "lp_pool2d": (lambda x: F.lp_pool2d(x, 3, 2), (positive(2, 3, 6, 6),)),
    "adaptive_avg_pool2d": (lambda x: F.adaptive_avg_pool2d(x, (3, 2)), IMAGE),
    "adaptive_max_pool2d": (lambda x: F.adaptive_max_pool2d(x, (3, 2)), IMAGE),
    "interpolate, bilinear": (
        lambda x: F.interpolate(x, scale_factor=1.7, mode="bilinear", align_corners=False),
        IMAGE,
    ),
    "interpolate, bicubic": (lambda x: F.interpolate(x, size=(9, 7), mode="bicubic"), IMAGE),
    "interpolate, nearest": (lambda x: F.interpolate(x, size=(9, 7)), IMAGE),
    "grid_sample": (
        lambda x, grid: F.grid_sample(x, grid, align_corners=False),
        (*IMAGE, lambda rng: rng.uniform(-0.9, 0.9, (2, 4, 4, 2))),
    ),
    "affine_grid": (
        lambda t: F.affine_grid(t, [2, 3, 4, 4], align_corners=False),
        (normal(2, 2, 3),),
    ),
    "pixel_shuffle": (lambda x: F.pixel_shuffle(x, 2), (normal(1, 8, 3, 3),)),
    "pad, reflect": (lambda x: F.pad(x, (2, 1, 1, 2), "reflect"), IMAGE),
    "pad, circular": (lambda x: F.pad(x, (2, 1), "circular"), (normal(2, 3, 5),)),
    "embedding": (lambda i, w: F.embedding(i, w), (classes(6, 2, 5), normal(6, 3))),
    "embedding_bag": (
        lambda i, w: F.embedding_bag(i, w, mode="mean"),
        (classes(6, 3, 4), normal(6, 3)),
    ),
    "scaled_dot_product_attention": (
        F.scaled_dot_product_attention,
        (normal(2, 2, 5, 4), normal(2, 2, 6, 4), normal(2, 2, 6, 3)),
    ),
    "attention, causal": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        (normal(1, 2, 5, 4), normal(1, 2, 5, 4), normal(1, 2, 5, 4)),
    ),
    "cosine_similarity": (F.cosine_similarity, PAIR),
    "pairwise_distance": (F.pairwise_distance, PAIR),
    "pdist": (F.pdist, (normal(5, 3),)),
    "binary_cross_entropy": (F.binary_cross_entropy, (unit(4, 3), unit(4, 3))),
    "binary_cross_entropy_with_logits": (
        F.binary_cross_entropy_with_logits,
        (normal(4, 3), unit(4, 3)),
    ),
    "cross_entropy": (F.cross_entropy, (normal(4, 6), classes(6, 4))),
    "cross_entropy, smoothed and weighted": (
        lambda x, t: F.cross_entropy(x, t, torch.arange(1, 7).to(x.dtype), label_smoothing=0.1),
        (normal(4, 6), classes(6, 4)),
    ),
    "nll_loss": (F.nll_loss, (normal(4, 6), classes(6, 4))),
    "gaussian_nll_loss": (F.gaussian_nll_loss, (normal(4, 3), normal(4, 3), positive(4, 3))),
    "poisson_nll_loss": (F.poisson_nll_loss, (normal(4, 3), positive(4, 3))),
    "kl_div": (F.kl_div, (normal(4, 6), distribution(4, 6))),
    "mse_loss": (F.mse_loss, PAIR),
    "l1_loss": (F.l1_loss, PAIR),
    "smooth_l1_loss": (F.smooth_l1_loss, PAIR),
    "huber_loss": (F.huber_loss, PAIR),
    "soft_margin_loss": (
        lambda x, t: F.soft_margin_loss(x, t.to(x.dtype)),
        (normal(4, 6), signs(4, 6)),
    ),
    "hinge_embedding_loss": (F.hinge_embedding_loss, (unit(4, 6), signs(4, 6))),
    "margin_ranking_loss": (
        lambda a, b, t: F.margin_ranking_loss(a, b, t, margin=0.1),
        (normal(6), normal(6), signs(6)),
    ),
    "cosine_embedding_loss": (F.cosine_embedding_loss, (*PAIR, signs(4))),
    "triplet_margin_loss": (F.triplet_margin_loss, (*PAIR, normal(4, 6))),
    "multi_margin_loss": (F.multi_margin_loss, (normal(4, 6), classes(6, 4))),
    "multilabel_soft_margin_loss": (
        lambda x, t: F.multilabel_soft_margin_loss(x, t.to(x.dtype)),
        (normal(4, 6), classes(2, 4, 6)),
    ),
    "ctc_loss": (
        lambda x, t: F.ctc_loss(F.log_softmax(x, -1), t + 1, (8, 8), (3, 3)),
        (normal(8, 2, 6), classes(4, 2, 3)),
    ),
    "dropout": (lambda x: F.dropout(x, 0.4), (normal(4, 6),)),
    "multi_head_attention_forward": (
        lambda x, w, v: F.multi_head_attention_forward(
            x, x, x, 4, 2, w, None, None, None, False, 0.0, v, None, need_weights=False
        )[0],
        (normal(3, 2, 4), normal(12, 4), normal(4, 4)),
    ),
}
"""By name: the function and the makers of its arguments."""

DEFECTS = {
    "ctc_loss": "one log-probability of −inf makes the gradient nan, though the loss is finite",
    "hardsigmoid": "float64's backward pass takes 1/6 rounded to float32 for the slope",
    "pdist": "the backward pass of no samples crashes the process (that row is left out)",
}
"""What the sweep found wrong in the library itself."""

CRASHES = {"pdist": "no samples"}
"""Rows of the battery that Python does not survive, through no fault of the checker."""

AT_KINKS: dict[str, tuple[Any, tuple]] = {
    "relu": (F.relu, (at(0.0),)),
    "leaky_relu": (F.leaky_relu, (at(0.0),)),
    "relu6": (F.relu6, (at(0.0, 6.0),)),
    "hardtanh": (F.hardtanh, (at(-1.0, 1.0),)),
    "hardsigmoid": (F.hardsigmoid, (at(-3.0, 3.0),)),
    "hardswish": (F.hardswish, (at(-3.0, 3.0),)),
    "softshrink": (F.softshrink, (at(-0.5, 0.5),)),
    "selu": (F.selu, (at(0.0),)),
    "prelu": (F.prelu, (at(0.0), unit(1))),
    "l1_loss": (lambda x: F.l1_loss(x, torch.zeros_like(x)), (at(0.0),)),
    "max_pool1d at ties": (lambda x: F.max_pool1d(x[None], 3, 1)[0], (tied(12),)),
    "multi_margin_loss at its margin": (
        lambda x: F.multi_margin_loss(x, torch.tensor([1, 2])),
        (tied(2, 4),),
    ),
}
"""Where the one-sided slopes differ: any slope between them is right."""

_codes = torch.tensor([0, 1, 1, 1, 2])
DELIBERATE: dict[str, tuple[Any, tuple, str]] = {
    "gumbel_softmax, hard": (
        lambda x: F.gumbel_softmax(x, hard=True),
        (normal(3, 5),),
        "straight-through: the derivative of the soft sample",
    ),
    "embedding, scale_grad_by_freq": (
        lambda w: F.embedding(_codes, w, scale_grad_by_freq=True),
        (normal(4, 3),),
        "divided by how often a row is used",
    ),
    "embedding, padding_idx": (
        lambda w: F.embedding(_codes, w, padding_idx=1),
        (normal(4, 3),),
        "the padding's row is not trained",
    ),
    "fake_quantize_per_tensor_affine": (
        lambda x: torch.fake_quantize_per_tensor_affine(x, 0.1, 0, -128, 127),
        (normal(3, 5),),
        "straight-through: a staircase whose slope is taken for 1",
    ),
    "ctc_loss of log-probabilities": (
        lambda x: F.ctc_loss(x, torch.tensor([[1, 2]]), (4,), (2,)),
        (lambda rng: rng.normal(size=(4, 1, 5)) - 2,),
        "the gradient of the logits before log_softmax is given",
    ),
}
"""Derivatives that the library gives on purpose though they are not the function's."""
