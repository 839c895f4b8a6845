"""What a derivative owes its caller, at the example itself."""

import numpy as np
import pytest
from check.right import RIGHT, softmax, softmax_back

from softgrad.check import check

X = np.random.default_rng(2).normal(size=(4, 6))


def normalised(g, y, x):
    """Divide by the upstream gradient's size and multiply again: 0/0 where it is 0."""
    size = np.sqrt((g * g).sum())
    return softmax_back(g / size, y) * size


def clipped(g, y, x):
    """Forget rows whose upstream gradient has a 0."""
    return softmax_back(g, y) * (g != 0).all(-1, keepdims=True)


def offset(g, y, x):
    return softmax_back(g, y) + (0.1 if not g.any() else 0)


@pytest.mark.parametrize(
    ("backward", "bug", "told"),
    [
        (normalised, "masked_nan", "zeros"),
        (clipped, "assumes_upstream", "not linear"),
        (offset, "assumes_upstream", "zero upstream"),
    ],
)
def test_an_upstream_gradient_with_zeros(backward, bug, told):
    report = check(softmax, (X,), vjp=backward)
    assert report.bug == bug
    assert told in report.reason


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0, 1e4])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("each", RIGHT, ids=[r.name for r in RIGHT])
def test_right_ones_keep_to_it(each, dtype, scale):
    inputs = each.inputs(np.random.default_rng(11))
    scaled = {k: (v * scale).astype(dtype) if v.dtype.kind == "f" else v for k, v in inputs.items()}
    report = check(each.forward, scaled, vjp=each.backward, battery=False)
    assert "upstream" not in report.reason, report


def test_the_order_kept_from_the_point_before_is_stale_state():
    before = []

    def backward(g, x):
        largest = x.argmax(-1)
        used = before.pop() if before else largest
        before.append(largest)
        return g[:, None] * (np.arange(x.shape[1]) == used[:, None])

    x = np.array([[3.0, 1.0, 2.0], [5.0, 4.0, 1.0]])
    report = check(lambda x: x.max(-1), (x,), vjp=backward)
    assert report.bug == "stale_state"
    assert "another point" in report.reason
