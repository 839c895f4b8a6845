"""What an audit tells of models in which something is wrong, cut off, hooked or not finite."""

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402
from audit.torch import nets  # noqa: E402
from audit.torch.nets import Net  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

from softgrad import audit  # noqa: E402
from softgrad.errors import ArgumentError  # noqa: E402


def batch():
    torch.manual_seed(0)
    return torch.randn(3, 4)


# ------------------------------------------------------------------------------- a wrong call

GUILTY = {
    "a Function": (lambda net, x: nets.WrongTanh.apply(net.a(x)), "WrongTanh", "test_told"),
    "a Function in a helper": (lambda net, x: nets.helped(net.a(x)), "WrongTanh", "nets"),
    "its apply, kept": (lambda net, x: nets.kept_apply(net.a(x)), "WrongTanh", "test_told"),
    "a custom op": (lambda net, x: nets.wrong_sine(net.a(x)), "wrong_sine", "test_told"),
    "beside a right one of its name": (
        lambda net, x: nets.WrongTanh.apply(namesake().apply(net.a(x))),
        "WrongTanh",
        "test_told",
    ),
    "in a checkpoint": (
        lambda net, x: checkpoint(
            lambda h: nets.kept_apply(net.b(h)), net.a(x), use_reentrant=True
        ),
        "WrongTanh",
        "test_told",
    ),
}


def namesake():
    right = type("WrongTanh", (nets.Tanh,), {})
    right.__module__ = nets.__name__
    return right


@pytest.mark.parametrize("name", GUILTY)
def test_the_guilty_call_is_told(name):
    body, call, file = GUILTY[name]
    report = audit(Net(body), batch())
    (found,) = report.guilty
    assert call in found.call
    assert file in found.source
    assert found.bug in ("wrong_variable", "missing_chain_factor")


def test_a_wrong_loss_is_told():
    report = audit(nn.Linear(4, 2), batch(), loss=lambda y: nets.kept_apply(y).sum())
    assert [found.source.rpartition(":")[0][-12:] for found in report.guilty] == ["test_told.py"]


# ------------------------------------------------------------------- where right parts do not fit


def reused_draw(net, x):
    def body(h):
        return F.dropout(net.b(h), 0.5).square()

    return checkpoint(body, net.a(x), use_reentrant=False, preserve_rng_state=False)


def overwritten(net, x):
    h = net.a(x).sigmoid()
    y = net.b(h * h)
    h.data.mul_(0.5)
    return y


BREAKS = {
    "no input of a checkpoint requires a gradient": (
        lambda net, x: checkpoint(net.a, x, use_reentrant=True) + net.b(x),
        "wrong at the parameters",
    ),
    "a checkpoint draws anew": (reused_draw, "wrong at what b returns"),
    "a saved tensor is overwritten": (overwritten, "wrong at what a returns"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_where_composition_breaks_is_told(name):
    body, told = BREAKS[name]
    report = audit(Net(body), batch(), loss=lambda y: y.square().sum())
    assert not report.guilty
    assert report.ok is False
    assert told in report.whole.reason
    assert "test_told.py" in report.whole.reason or "checkpoint" in name


def double(g):
    return 2 * g


def hooked(where):
    net = Net(lambda net, x: net.b(net.a(x).tanh()))
    if where == "parameter":
        net.a.weight.register_hook(double)
    elif where == "module":
        net.b.register_full_backward_hook(lambda module, into, out: (2 * into[0],))
    elif where == "before a module":
        net.b.register_full_backward_pre_hook(lambda module, out: (2 * out[0],))
    else:
        net.body = doubled
    net.b.register_full_backward_hook(lambda module, into, out: None)
    return net


def doubled(net, x):
    h = net.a(x)
    h.register_hook(double)
    return net.b(h.tanh())


HOOKED = {"parameter": "a.weight", "module": "on b", "before a module": "on b", "tensor": "double"}


@pytest.mark.parametrize("where", HOOKED)
def test_hooks_that_change_gradients_are_told(where):
    report = audit(hooked(where), batch())
    (note,) = report.notes
    assert note.kind == "hook"
    assert HOOKED[where] in note.text
    assert "test_told.py" in str(note.place)
    assert report.whole.ok is None
    assert not report.guilty


# ------------------------------------------------------------------------------ what is noticed


def without_gradient(net, x):
    with torch.no_grad():
        return net.a(x)


NOTES = {
    "detach": (lambda net, x: net.a(x).detach(), "a.weight, a.bias receive no gradient", "detach"),
    "data": (lambda net, x: net.a(x).data, "a.weight, a.bias receive no gradient", ".data"),
    "no_grad": (without_gradient, "a.weight, a.bias receive no gradient", "torch.no_grad()"),
    "integers": (lambda net, x: net.a(x).long(), "a.weight, a.bias receive", "long gives int64"),
    "argmax": (lambda net, x: net.a(x).argmax(1, keepdim=True), "receive", "argmax gives int64"),
    "item": (lambda net, x: net.a(x).sum().item(), "a.weight, a.bias receive", ".item() leaves"),
    "unused": (lambda net, x: 0.0, "a.weight, a.bias receive no gradient", "does not use them"),
    "value": (lambda net, x: net.a(x).log(), "first value that is not finite", "log"),
    "gradient": (
        lambda net, x: (0 * net.a(x)).square().sum(0, keepdim=True).sqrt(),
        "first gradient that is not finite",
        "sqrt",
    ),
}


@pytest.mark.parametrize("name", NOTES)
def test_what_keeps_a_model_from_learning_is_told(name):
    part, told, why = NOTES[name]
    report = audit(Net(lambda net, x: net.b(x) + part(net, x)), batch())
    (note,) = report.notes
    assert told in note.text
    assert why in note.text
    assert name == "unused" or "test_told.py" in note.text
    assert not report.guilty


def test_what_is_left_out_on_purpose_is_no_wrong_gradient():
    def normalised(net, x):
        h = net.a(x)
        return (h / h.norm().detach()).square().sum()

    report = audit(Net(normalised, "a"), batch())
    assert report.ok
    assert report.whole.ok is None
    assert ".detach() at" in report.whole.reason


@pytest.mark.parametrize("place", ["part", "whole", "in place"])
def test_compiled_code_is_audited_as_it_is_written(place):
    net = Net(lambda net, x: nets.kept_apply(net.b(net.a(x))))
    if place == "part":
        net.b = torch.compile(net.b, backend="eager")
    elif place == "whole":
        net = torch.compile(net, backend="eager")
    else:
        net.compile(backend="eager")
    report = audit(net, batch())
    assert [note.kind for note in report.notes] == ["compiled"]
    assert [found.bug for found in report.guilty] == ["wrong_variable"]


def test_a_training_step_is_run_up_to_its_backward_pass():
    net, x = nn.Linear(4, 2), batch()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        loss = nets.kept_apply(net(x)).sum()
        loss.backward()
        optimizer.step()

    before = net.weight.detach().clone()
    report = audit(step)
    assert [found.bug for found in report.guilty] == ["wrong_variable"]
    assert torch.equal(before, net.weight)
    assert net.weight.grad is None


def test_a_function_of_parameters_is_audited():
    parameters = {"w": torch.randn(4, 3), "b": torch.randn(3)}
    for each in parameters.values():
        each.requires_grad_()
    report = audit(lambda p, x: F.gelu(x @ p["w"] + p["b"]), parameters, batch())
    assert report.ok
    assert report.calls == 3


MISUSES = {
    "nothing requires a gradient": (nn.Linear(4, 2).requires_grad_(False), "give loss="),
    "all is detached": (Net(lambda net, x: net.a(x).detach()), r"\.detach\(\) at .*test_told"),
    "lazy": (nn.LazyLinear(3), "weight.*run it once"),
}


@pytest.mark.parametrize("name", MISUSES)
def test_a_model_without_anything_to_audit_is_refused(name):
    net, told = MISUSES[name]
    with pytest.raises(ArgumentError, match=told):
        audit(net, batch())
