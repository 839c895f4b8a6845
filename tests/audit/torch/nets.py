"""Models, each with one thing in it that an audit could stumble over."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm
from torch.utils.checkpoint import checkpoint


class Net(nn.Module):
    """Layers ``a``, ``b``, … of 4 features, and a function of them and the batch."""

    def __init__(self, body, layers="ab"):
        super().__init__()
        self.body = body
        for name in layers:
            setattr(self, name, nn.Linear(4, 4))

    def forward(self, x):
        return self.body(self, x)


class Tanh(torch.autograd.Function):
    """Right."""

    @staticmethod
    def forward(ctx, x):
        y = x.tanh()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * (1 - y * y)


class WrongTanh(Tanh):
    """Forgets a square."""

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * (1 - y)


kept_apply = WrongTanh.apply  # as libraries do, when they are imported


def helped(x):
    return kept_apply(x)


@torch.library.custom_op("softgrad_tests::wrong_sine", mutates_args=())
def wrong_sine(x: torch.Tensor) -> torch.Tensor:
    return x.sin()


def _keep(ctx, inputs, output):
    ctx.save_for_backward(inputs[0])


wrong_sine.register_autograd(lambda ctx, g: g * ctx.saved_tensors[0].sin(), setup_context=_keep)


def written_in_place(net, x):
    h = net.a(x)
    h.relu_()
    h = h * 2
    h[0] = h[1]
    h.add_(1)
    h.view(-1)[:3].mul_(2)
    return h.square().sum()


def many_calls(net, x):
    steps = []
    for _ in range(3):
        x = torch.sigmoid(net.a(x))
        steps.append(x)
    y = torch.cat([torch.stack(steps), torch.stack(steps).flip(0)])
    y = torch.where(y > 0.5, y, y * 2).masked_fill(y > 0.9, 0.0)
    one, two = y.chunk(2)
    return torch.einsum("tbi,tbj->bij", one, two).softmax(-1).log().sum() + y.sort().values.norm()


def gradient_penalty(net, x):
    x = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(net.a(x).tanh().sum(), x, create_graph=True)
    return slope.square().sum() + net.b(x).sum()


def summed_over_a_map(net, x):
    slopes = torch.func.vmap(torch.func.grad(lambda row: net.a(row).tanh().sum()))
    return slopes(x).square().sum()


def as_dict(net, x):
    h = net.a(x)
    return {"a": h, "rest": (h.exp(), h.argmax(-1), None)}


def attended(net, x):
    q, k, v = (layer(x).view(1, 3, 2, 2).transpose(1, 2) for layer in (net.a, net.b, net.c))
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def masked(net, x):
    scores = (net.a(x) @ net.b(x).T).masked_fill(~torch.ones(3, 3).tril().bool(), -torch.inf)
    return scores.softmax(-1) @ x


def in_bfloat16(net, x):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return F.cross_entropy(F.gelu(net.a(x)), torch.tensor([0, 1, 2]))


def segment(reentrant):
    def body(net, x):
        h = checkpoint(lambda z: F.dropout(net.b(z).tanh(), 0.3), net.a(x), use_reentrant=reentrant)
        return h.square().sum()

    return body


def tied(net, x):
    net.b.weight = net.a.weight
    return net.b(net.a(x).tanh())


class Spectrum(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(4, dtype=torch.complex64))

    def forward(self, x):
        return torch.fft.ifft(torch.fft.fft(x) * self.w).real.square().sum()


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.back = nn.Embedding(10, 4), nn.Linear(4, 10, bias=False)
        self.back.weight = self.table.weight

    def forward(self, x):
        return F.cross_entropy(self.back(self.table(WORDS)) + x.sum(), WORDS)


class Twice(nn.Module):
    """A module called with its input several times."""

    def __init__(self, module, count):
        super().__init__()
        self.module, self.count = module, count

    def forward(self, x):
        return self.module(*[x[None]] * self.count)


WORDS = torch.tensor([1, 2, 2, 7])
PICTURE = nn.Unflatten(1, (1, 2, 2))

RIGHT = {
    "in-place calls and views": lambda: Net(written_in_place),
    "many kinds of calls": lambda: Net(many_calls),
    "dropout": lambda: nn.Sequential(nn.Linear(4, 8), nn.RReLU(), nn.Dropout(0.5), nn.Linear(8, 2)),
    "batch norm": lambda: nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 2)),
    "reentrant checkpoint": lambda: Net(segment(True)),
    "checkpoint": lambda: Net(segment(False)),
    "custom function": lambda: Net(lambda net, x: Tanh.apply(net.a(x))),
    "a gradient in the model": lambda: Net(gradient_penalty),
    "a mapped gradient": lambda: Net(summed_over_a_map, "a"),
    "a dict": lambda: Net(as_dict, "a"),
    "complex": Spectrum,
    "embedding, tied": Words,
    "tied while it runs": lambda: Net(tied),
    "LSTM": lambda: Twice(nn.LSTM(4, 5, num_layers=2, dropout=0.2), 1),
    "GRU": lambda: Twice(nn.GRU(4, 5, bidirectional=True), 1),
    "attention layer": lambda: Twice(nn.MultiheadAttention(4, 2, dropout=0.1), 3),
    "attention": lambda: Net(attended, "abc"),
    "masked scores": lambda: Net(masked),
    "encoder": lambda: Twice(nn.TransformerEncoderLayer(4, 2, 8), 1),
    "decoder": lambda: Twice(nn.TransformerDecoderLayer(4, 2, 8, norm_first=True), 2),
    "bfloat16": lambda: nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.LayerNorm(8)).bfloat16(),
    "autocast": lambda: Net(in_bfloat16, "a"),
    "weight norm": lambda: nn.Sequential(weight_norm(nn.Linear(4, 4)), nn.Tanh()),
    "spectral norm": lambda: nn.Sequential(nn.Tanh(), spectral_norm(nn.Linear(4, 3))),
    "frozen": lambda: nn.Sequential(nn.Linear(4, 4).requires_grad_(False), nn.Linear(4, 2)),
    "pictures": lambda: nn.Sequential(
        PICTURE, nn.Conv2d(1, 2, 2, padding=1), nn.MaxPool2d(2), nn.GroupNorm(1, 2), nn.Flatten()
    ),
}
