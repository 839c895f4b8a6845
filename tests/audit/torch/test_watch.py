"""Gradients watched while a model is trained."""

import logging
import math
import re
from contextlib import nullcontext

import pytest

torch = pytest.importorskip("torch")

from audit.torch import nets  # noqa: E402
from torch import nn  # noqa: E402

import softgrad  # noqa: E402
from softgrad.audit.torch.watch import GradientWatch  # noqa: E402
from softgrad.errors import ArgumentError, ArgumentTypeError, GradientError  # noqa: E402


def trained(net, watch, steps=12):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    losses = []
    with watch:
        for _ in range(steps):
            optimizer.zero_grad()
            loss = net(torch.randn(3, 4)).square().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


def made(body, **options):
    torch.manual_seed(0)
    net = nets.Net(body)
    net.drop = nn.Dropout(0.3)
    return net, GradientWatch(net, **{"every": 2, "share": math.inf} | options)


def right(net, x):
    return net.b(net.drop(nets.Tanh.apply(net.a(x))).relu_())


def wrong(net, x):
    return net.b(nets.WrongTanh.apply(net.a(x)))


def test_training_is_the_same_watched_or_not():
    net, watch = made(right)
    seen, state = trained(net, watch), torch.get_rng_state()
    net, _ = made(right)
    assert trained(net, nullcontext()) == seen
    assert torch.equal(state, torch.get_rng_state())
    assert watch.sightings == []
    assert watch.looks == 5
    assert not net._forward_hooks
    assert not net._forward_pre_hooks


def test_a_wrong_gradient_is_raised_with_its_step_and_a_program(tmp_path):
    net, watch = made(wrong, folder=tmp_path)
    with pytest.raises(GradientError, match=r"step 2: .*WrongTanh.* at .*test_watch.py:\d+"):
        trained(net, watch)
    (seen,) = watch.sightings
    assert seen.report.bug == "wrong_variable"
    assert seen.file.exists()
    assert not net._forward_hooks
    assert not net._forward_pre_hooks
    net(torch.randn(3, 4)).sum().backward()  # nothing is left that would look


def test_what_is_not_finite_is_raised_when_the_next_step_begins():
    net, watch = made(lambda net, x: (0 * net.a(x)).square().sum(1, keepdim=True).sqrt() + net.b(x))
    with pytest.raises(GradientError, match=r"step 0: the first gradient that is not finite.*sqrt"):
        trained(net, watch)
    net, watch = made(lambda net, x: net.a(x).log())
    with pytest.raises(GradientError, match=r"step 0: the first value that is not finite .*log"):
        trained(net, watch, steps=1)


def test_what_is_logged_does_not_stop_the_training(caplog):
    net, watch = made(wrong, on_wrong="log")
    with caplog.at_level(logging.WARNING, "softgrad"):
        assert len(trained(net, watch)) == 12
    assert [re.sub(":.*", "", record.message) for record in caplog.records][:1] == ["step 2"]
    assert len(watch.sightings) == len(caplog.records)


def test_looking_waits_until_it_may():
    net, watch = made(right, every=1, share=1e-9)
    trained(net, watch, steps=20)
    assert watch.looks <= 1
    assert watch.sightings == []


def test_it_is_found_at_the_top():
    assert isinstance(softgrad.watch(nn.Linear(1, 1), every=3), GradientWatch)
    with pytest.raises(ArgumentTypeError, match="modules must be"):
        softgrad.watch(3)


MISUSES = {
    "no module": (lambda: GradientWatch(print), ArgumentTypeError, "modules must be"),
    "every": (lambda: GradientWatch(nn.Linear(1, 1), every=0), ArgumentError, "every must be"),
    "share": (lambda: GradientWatch(nn.Linear(1, 1), share=0), ArgumentError, "share must be"),
    "on_wrong": (lambda: GradientWatch(nn.Linear(1, 1), on_wrong="x"), ArgumentError, "raise, log"),
}


@pytest.mark.parametrize("name", MISUSES)
def test_a_misuse_is_told(name):
    call, error, told = MISUSES[name]
    with pytest.raises(error, match=told):
        call()
