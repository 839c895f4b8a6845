"""Right models in which much goes on: nothing is called wrong, and nothing is left changed."""

import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from audit.torch import nets  # noqa: E402

from softgrad import audit  # noqa: E402


def batch(net):
    x = torch.randn(3, 4)
    return x.bfloat16() if any(p.dtype == torch.bfloat16 for p in net.parameters()) else x


def everything(net):
    """Return all that an audit must leave alone, bit for bit."""
    tensors = {**dict(net.named_parameters()), **dict(net.named_buffers())}
    bits = {n: t.detach().flatten().view(torch.uint8).tolist() for n, t in tensors.items()}
    hooks = [
        (list(m._forward_hooks), list(m._backward_hooks), list(m._forward_pre_hooks))
        for m in net.modules()
    ]
    return {
        "bits": bits,
        "identities": {n: (id(t), t.data_ptr()) for n, t in tensors.items()},
        "gradients": {n: None if t.grad is None else t.grad.tolist() for n, t in tensors.items()},
        "their identities": {n: id(t.grad) for n, t in tensors.items()},
        "required": {n: t.requires_grad for n, t in tensors.items()},
        "training": [m.training for m in net.modules()],
        "hooks": hooks,
        "hooks of tensors": {n: list(t._backward_hooks or {}) for n, t in tensors.items()},
        "torch": torch.get_rng_state().tolist(),
        "numpy": [str(part) for part in np.random.get_state()],
        "python": random.getstate(),
        "modes": (torch.is_grad_enabled(), torch.is_autocast_enabled("cpu")),
        "apply": torch.autograd.Function.apply.__func__.__code__,
        "backward": torch.autograd.backward,
        "autocast": torch.autocast.__enter__,
    }


@pytest.mark.parametrize("name", nets.RIGHT)
def test_a_right_model_is_called_right_and_left_as_it_was(name):
    torch.manual_seed(0)
    net = nets.RIGHT[name]()
    x = batch(net)
    if name == "tied while it runs":
        net(x)
    for p in [*net.parameters()][::2]:
        if p.requires_grad:
            p.grad = torch.randn_like(p)
            p.register_hook(lambda _: None)
    net.register_full_backward_hook(lambda *_: None)
    before = everything(net)
    report = audit(net, x)
    assert everything(net) == before
    assert report.ok, str(report)
    assert all(finding.ok for finding in report.findings), str(report)
    assert not [note for note in report.notes if note.kind == "not_finite"]
    assert report.whole is not None
    assert report.whole.ok is not False, str(report)


@pytest.mark.parametrize("after", range(5))
def test_a_model_that_raises_is_left_as_it_was(after):
    """It raises in one of the audit's runs: the first, while calls are checked, or later."""
    runs = 0

    class Mine(Exception):
        pass

    def body(net, x):
        nonlocal runs
        runs += 1
        with torch.no_grad():
            net.a.weight.add_(1)
        h = torch.nn.functional.dropout(net.norm(net.a(x)))
        if runs > after:
            raise Mine
        return h.sum()

    net, x = nets.Net(body, "a"), torch.randn(3, 4)
    net.norm = torch.nn.BatchNorm1d(4)
    before = everything(net)
    if after < 2:
        with pytest.raises(Mine):
            audit(net, x)
    else:
        assert audit(net, x).whole.ok is None
    assert runs > after
    assert everything(net) == before
