"""Containers of arrays as inputs, outputs, gradients and tangents, leaf by leaf."""

from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pytest

from softgrad.check import check
from softgrad.errors import ArgumentError

RNG = np.random.default_rng(0)
X, W, B = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 2)), RNG.normal(size=2)

Pair = namedtuple("Pair", "w b")


@dataclass
class Linear:
    w: np.ndarray
    b: np.ndarray
    activation: str = "none"


def by_default(**items):
    return defaultdict(float, items)


def proxy(**items):
    return MappingProxyType(items)


CONTAINERS = {  # how to make it, how to read it, the names of its leaves
    "dict": (dict, lambda p: (p["w"], p["b"]), ("p['w']", "p['b']")),
    "OrderedDict": (OrderedDict, lambda p: (p["w"], p["b"]), ("p['w']", "p['b']")),
    "defaultdict": (by_default, lambda p: (p["w"], p["b"]), ("p['w']", "p['b']")),
    "mapping": (proxy, lambda p: (p["w"], p["b"]), ("p['w']", "p['b']")),
    "named tuple": (Pair, lambda p: (p.w, p.b), ("p.w", "p.b")),
    "dataclass": (Linear, lambda p: (p.w, p.b), ("p.w", "p.b")),
    "list": (lambda w, b: [w, b], lambda p: p, ("p[0]", "p[1]")),
    "tuple": (lambda w, b: (w, b), lambda p: p, ("p[0]", "p[1]")),
    "nested": (lambda w, b: {"l": [w, {"b": b}]}, lambda p: (p["l"][0], p["l"][1]["b"]),
               ("p['l'][0]", "p['l'][1]['b']")),
}  # fmt: skip


@pytest.fixture(params=CONTAINERS)
def container(request):
    return CONTAINERS[request.param]


def affine(read):
    def f(x, p):
        w, b = read(p)
        return x @ w + b

    return f


def backward(make, read, sign=1):
    def vjp(g, x, p):
        return g @ read(p)[0].T, make(w=sign * x.T @ g, b=g.sum(0))

    return vjp


def test_a_gradient_built_like_its_input(container):
    make, read, names = container
    f, p = affine(read), make(w=W, b=B)
    assert check(f, (X, p), vjp=backward(make, read)).ok is True
    report = check(f, (X, p), vjp=backward(make, read, sign=-1))
    assert report.bug == "wrong_sign"
    assert list(report.wrong) == ["x", *names]
    assert {name for name, mask in report.wrong.items() if mask.any()} == {names[0]}


def test_a_tangent_built_like_its_input(container):
    make, read, names = container

    def jvp(sign):
        def push(t, x, p):
            tx, tp = t
            tw, tb = read(tp)
            return tx @ read(p)[0] + sign * x @ tw + tb

        return push

    f, inputs = affine(read), (X, make(w=W, b=B))
    assert check(f, inputs, jvp=jvp(1)).ok is True
    assert check(f, inputs, jvp=jvp(-1)).wrong[names[0]].all()


def test_wrt_selects_what_lies_below_a_path(container):
    make, read, names = container

    def wrong(g, x, p):
        return make(w=-x.T @ g, b=g.sum(0))

    f, inputs = affine(read), {"x": X, "p": make(w=W, b=B)}
    assert list(check(f, inputs, vjp=wrong, wrt="p").wrong) == list(names)
    alone = check(f, inputs, vjp=lambda g, x, p: {names[1]: 2 * g.sum(0)}, wrt=names[1])
    assert list(alone.wrong) == [names[1]]
    assert check(f, inputs, vjp=lambda g, x, p: g.sum(0), wrt=names[1]).ok is True


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (lambda gw, gb: {"w": gw, "c": gb}, "p, a Pair of w, b, is a dict of w, c"),
        (lambda gw, gb: [gw], "p, a Pair of w, b, is a list of 0"),
        (lambda gw, gb: gw, "p, a Pair of w, b, is a ndarray"),
        (lambda gw, gb: Pair(gw, [gb]), "p.b, an array, is a list of 0"),
    ],
)
def test_a_gradient_built_otherwise_is_told(given, told):
    def vjp(g, x, p):
        return g @ p.w.T, given(x.T @ g, g.sum(0))

    report = check(affine(lambda p: p), (X, Pair(W, B)), vjp=vjp)
    assert report.ok is False
    assert f"ValueError: the gradient of {told}." in report.reason


def test_a_part_that_is_none_is_a_missing_gradient():
    def vjp(g, x, p):
        return g @ p.w.T, Pair(x.T @ g, None)

    report = check(affine(lambda p: p), (X, Pair(W, B)), vjp=vjp)
    assert report.bug == "dropped_grad"
    assert report.wrong["p.b"].all() and not report.wrong["p.w"].any()


def test_a_claim_for_the_first_argument_only():
    def vjp(g, p, x):
        return {"w": x.T @ g, "b": g.sum(0)}

    def f(p, x):
        return x @ p["w"] + p["b"]

    assert check(f, ({"w": W, "b": B}, X), vjp=vjp).ok is True


OUTPUTS = {
    "dict": (lambda a, b: {"a": a, "b": b}, lambda g: (g["a"], g["b"])),
    "named tuple": (Pair, lambda g: (g.w, g.b)),
    "tuple": (lambda a, b: (a, b), lambda g: g),
    "not only arrays": (lambda a, b: (a, 3, None, b), lambda g: g),
    "nested": (lambda a, b: [{"a": a, "n": 3}, (None, b)], lambda g: (g[0]["a"], g[1][1])),
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_outputs_of_any_structure(kind):
    make, read = OUTPUTS[kind]

    def f(x):
        return make(x**2, np.sin(x))

    def vjp(factor):
        def back(g, x):
            first, second = read(g)
            return 2 * x * first + factor * np.cos(x) * second

        return back

    assert check(f, (X,), vjp=vjp(1)).ok is True
    assert check(f, (X,), vjp=vjp(0)).ok is False


def test_containers_without_arrays_are_parameters():
    seen = []

    def f(x, axes, options):
        seen.append((axes, options))
        return x.sum(tuple(axes)) * options["scale"]

    def vjp(g, x, axes, options):
        return np.full_like(x, g * options["scale"])

    assert check(f, (X, [0, 1], {"scale": 2.0}), vjp=vjp).ok is True
    assert seen[0] == ([0, 1], {"scale": 2.0})


def test_the_caller_s_containers_are_left_alone():
    p = {"w": W.copy(), "list": [B.copy()]}
    w, inner = p["w"], p["list"]

    def f(p):
        y = X @ p["w"] + p["list"][0]
        p["w"] *= 0
        p["list"].clear()
        return y

    check(f, (p,), vjp=lambda g, p: {"w": X.T @ g, "list": [g.sum(0)]})
    assert p["w"] is w and p["list"] is inner
    assert np.array_equal(w, W) and np.array_equal(inner[0], B)


@pytest.mark.parametrize(
    ("wrt", "message"),
    [
        ("q", r"wrt names 'q', which is no input; inputs: x, ids\['rows'\]\[0\]"),
        ("ids", "wrt names 'ids', which is a container without floating arrays; floating here: x"),
        ("ids['rows'][0]", "which is a int64 array"),
    ],
)
def test_misuse_of_wrt_is_told(wrt, message):
    inputs = {"x": X, "ids": {"rows": [np.arange(3)]}}
    with pytest.raises(ArgumentError, match=message):
        check(lambda x, ids: x, inputs, vjp=lambda g, x, ids: g, wrt=wrt)
