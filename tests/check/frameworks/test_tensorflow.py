"""TensorFlow: eager tensors, variables, compiled functions and custom gradients."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest

reason = "needs tensorflow, which the part of CI for optional libraries installs"
tf = pytest.importorskip("tensorflow", reason=reason)

from softgrad.check import check  # noqa: E402

X = np.random.default_rng(0).normal(size=(4, 3))
T = tf.constant(X)


@tf.custom_gradient
def negated(x):
    return tf.sin(x), lambda g: -g * tf.cos(x)


@tf.custom_gradient
def shortened(x):
    y = tf.nn.softmax(x)

    def backward(g):
        p = tf.stop_gradient(y)
        return p * (g - tf.reduce_sum(g * p, -1, keepdims=True))

    return y, backward


@pytest.mark.parametrize("dtype", [tf.float64, tf.float32, tf.bfloat16])
@pytest.mark.parametrize("compiled", [False, True])
def test_right(compiled, dtype):
    f = tf.function(tf.nn.softmax) if compiled else tf.nn.softmax
    report = check(f, (tf.cast(T, dtype),))
    assert report.ok is True, report


@pytest.mark.parametrize(
    ("f", "bug"),
    [
        (negated, "wrong_sign"),
        (tf.function(negated), "wrong_sign"),
        (shortened, "second_derivative_lost"),
        (lambda x: x * tf.stop_gradient(x), "wrong_constant"),
    ],
)
def test_wrong(f, bug):
    assert check(f, (T,)).bug == bug


def test_variables_and_indexed_slices():
    v = tf.Variable(X)
    assert check(lambda w: tf.gather(w, [0, 1, 1]), (v,)).ok is True
    report = check(lambda w: negated(tf.gather(w, [0, 1, 1])), (v,))
    assert report.wrong["w"].any(1).tolist() == [True, True, False, False]
    assert np.array_equal(v.numpy(), X)


def test_random_numbers_are_frozen_and_then_go_on():
    tf.random.set_seed(3)
    expected = [tf.random.normal([2]).numpy() for _ in range(1)]
    tf.random.set_seed(3)
    assert check(lambda x: tf.nn.dropout(x, 0.5), (T,)).ok is True
    assert np.array_equal(tf.random.normal([2]).numpy(), expected[0])


def test_trees_and_hand_written_claims():
    def f(x, p):
        return {"y": tf.matmul(x, p["w"]), "none": None}

    def vjp(g, x, p):
        return tf.matmul(g["y"], p["w"], transpose_b=True), {"w": -tf.matmul(x, g["y"], True)}

    inputs = (T, {"w": tf.constant(X.T)})
    assert check(f, inputs).ok is True
    report = check(f, inputs, vjp=vjp)
    assert {name for name, mask in report.wrong.items() if mask.any()} == {"p['w']"}


def test_numpy_arrays_become_the_library_s():
    assert check(negated, (X,), framework="tensorflow").bug == "wrong_sign"
