"""Every guard has a fault that trips it: a wrong member must fail the tests that protect it."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from support.cases import FUNCTIONS, Case, cases, combinations, singles
from support.compare import compare, truth
from support.libraries import NUMPY, TORCH, rounded
from support.points import ROWS, SHORT, logits
from support.routes import softgrad_route

import softgrad
from softgrad.declare import Node
from softgrad.oracle.bounds import excess, ulp
from softgrad.structure import Centering, Diagonal, Functional, WeightedCentering

# by their modules' full names: the package's attributes of these names are the functions
HOME = {f: import_module(f"softgrad.family.{f}") for f in FUNCTIONS if f != "sparsemax"}
SOFTMAX = HOME["softmax"].SOFTMAX
ROWS_OF = {"x": (0.3, -1.2, 2.1, 0.7)}


def solved(member, change):
    """Return the member's solve with its fields changed."""
    return lambda s: change(s, member.solve(s))


FAULTS = {
    # the member, what is replaced in it, which products must be seen to be wrong
    "softmax: diagonal only": (
        "SOFTMAX",
        {"jacobian": lambda s: {"x": Diagonal(s.p * (1 - s.p))}},
        {"vjp", "jvp", "hvp"},
    ),
    "softmax: identity": (
        "SOFTMAX",
        {"jacobian": lambda s: {"x": Diagonal(0 * s.p + 1)}},
        {"vjp", "jvp", "hvp"},
    ),
    "softmax: off by one part in 10¹⁴": (
        "SOFTMAX",
        {"solve": solved(SOFTMAX, lambda s, f: (f[0] * (1 + 1e-14),))},
        {"value"},
    ),
    "log_softmax: transposed": (
        "LOG_SOFTMAX",
        {"jacobian": lambda s: {"x": Centering(s.p, s.x > -np.inf, s.axis).T}},
        {"vjp", "jvp"},
    ),
    "log_softmax: a field's sensitivity forgotten": (
        "LOG_SOFTMAX",
        {"sensitivity": lambda s: {}},
        {"hvp"},
    ),
    "logsumexp: a sensitivity with the wrong sign": (
        "LOGSUMEXP",
        {"sensitivity": lambda s: {"p": {"x": WeightedCentering(-s.p, s.axis)}}},
        {"hvp"},
    ),
    "logsumexp: gradient of ones": (
        "LOGSUMEXP",
        {"jacobian": lambda s: {"x": Functional(0 * s.p + 1, s.axis)}},
        {"vjp", "jvp", "hvp"},
    ),
    "sigmoid: slope without 1 − s": (
        "SIGMOID",
        {"jacobian": lambda s: {"x": Diagonal(s.y)}},
        {"vjp", "jvp", "hvp"},
    ),
    "entmax: softmax's weights": (
        "ENTMAX",
        {"jacobian": lambda s: {"x": WeightedCentering(s.p, s.axis)}},
        {"vjp", "jvp"},
    ),
}


def _forget():
    for function in FUNCTIONS.values():
        function.forget()


@pytest.fixture
def changed(monkeypatch):
    """Return what puts another member in the place of one, for one test."""

    def change(home, name, member):
        monkeypatch.setattr(home, name, member)
        _forget()

    yield change
    monkeypatch.undo()
    _forget()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_member_is_outside_its_bound(fault, changed):
    name, change, wrong = FAULTS[fault]
    home = HOME[name.lower()]
    member = getattr(home, name)
    # of the alphas, those with kernels are members of their own
    case = Case(FUNCTIONS[member.name], chosen={"alpha": "1.25"} if name == "ENTMAX" else {})
    at = truth(case, logits("float64", ROWS_OF))
    right = compare(at, NUMPY, "float64", softgrad_route)
    assert all(ratio.max() <= 1 for ratio in right.values())
    changed(home, name, replace(member, name="faulty", **change))
    found = compare(at, NUMPY, "float64", softgrad_route)
    assert wrong <= {product for product, ratio in found.items() if not ratio.max() <= 1}


def test_the_oracle_takes_nothing_from_the_fast_path(changed):
    """With a wrong solve and a wrong structure the truth stays the truth."""
    case = Case(FUNCTIONS["softmax"])
    before = truth(case, logits("float64", ROWS_OF)).rows[0]
    fake = replace(SOFTMAX, solve=lambda s: (0 * s.x,), jacobian=lambda s: {"x": Diagonal(s.x)})
    changed(HOME["softmax"], "SOFTMAX", fake)
    after = truth(case, logits("float64", ROWS_OF)).rows[0]
    assert (before.value == after.value).all() and (before.J == after.J).all()
    assert (before.H == after.H).all()


def test_nan_and_infinity_count_as_wrong():
    one = np.array([1.0])
    assert excess(np.array([np.nan]), one.astype(object), one) == [np.inf]
    assert excess(np.array([np.inf]), one.astype(object), one) == [np.inf]
    assert excess(np.array([1.5]), one.astype(object), np.array([0.25])) == [2.0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ulp_is_numpys_spacing(dtype):
    x = rounded([1.0, 1.5, 0.999, 3e5, 1e-300, 7e-45, 2.0**-126], dtype)
    tiny = np.finfo(dtype).smallest_subnormal
    np.testing.assert_array_equal(
        ulp(x, dtype, float(tiny)), np.spacing(np.abs(x).astype(dtype)).astype(float)
    )


def test_every_option_of_every_function_is_in_the_tables():
    """A new option fails here until the table knows a value for it."""
    from support.cases import OPTIONS

    known = set(OPTIONS) | {"x", "logits", "target", "axis"}
    assert {n for f in FUNCTIONS.values() for n in f.parameters} <= known
    used = {n for case in cases(singles) for n in case.chosen}
    assert used >= set(OPTIONS) - {"keepdims", "ignore_index"}


def test_the_tables_reach_every_differentiable_input():
    for f in FUNCTIONS.values():
        reached = set()
        for case in cases(singles, f.name):
            reached |= set(case.wrt(case.args(np.zeros((2, 3)))))
        assert reached == set(f.wrt)


def test_combinations_differ():
    seen = [str(case) for case in combinations(FUNCTIONS["cross_entropy"])]
    assert len(seen) == len(set(seen))


def test_rows_are_what_they_are_called():
    assert max(ROWS["large"]) >= 1e4 and min(ROWS["large"]) <= -1e4
    gap = {name: sorted(row)[-1] - sorted(row)[-2] for name, row in ROWS.items()}
    assert gap["confident by 20"] > 19 and gap["confident by 40"] > 39
    assert gap["tied"] == gap["all tied"] == 0 and max(map(abs, ROWS["tiny"])) < 1e-29
    assert 0.0 in SHORT["zero and tied"]


def test_gradcheck_sees_a_wrong_structure(changed):
    torch = pytest.importorskip("torch")
    fake = replace(SOFTMAX, jacobian=lambda s: {"x": Diagonal(s.p)})
    changed(HOME["softmax"], "SOFTMAX", fake)
    x = TORCH.array(np.array([0.1, 0.7, -0.3])).requires_grad_()
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        torch.autograd.gradcheck(softgrad.softmax, x)


def test_a_changed_input_is_noticed(monkeypatch, changed):
    """The suite's check that the caller's arrays are unchanged sees a solve that writes to them."""

    def careless(s):
        s.x[...] = 0
        return (s.x + 1,)

    changed(HOME["softmax"], "SOFTMAX", replace(SOFTMAX, name="careless", solve=careless))
    x = np.array([[1.0, 2.0]])
    monkeypatch.setattr("softgrad.native.AVAILABLE", False)
    before = x.copy()
    softgrad.softmax(x)
    assert x.tobytes() != before.tobytes()
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        softgrad.softmax(x)


def test_a_fault_reaches_the_graph(changed):
    changed(HOME["softmax"], "SOFTMAX", replace(SOFTMAX, name="broken"))
    root = softgrad.softmax.trace((np.zeros(2),), {}).root
    assert isinstance(root, Node) and root.member.name == "broken"
