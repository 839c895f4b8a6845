"""Models without a defect, from torch's own layers with random weights, in two sizes each."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

__all__ = ["NETS", "Problem", "made"]


@dataclass(frozen=True)
class Problem:
    """A model, a batch, and what makes a loss of its output."""

    model: nn.Module
    inputs: tuple
    loss: Callable


class Residual(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, width: int, out: int, stride: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(width, out, 3, stride, 1, bias=False)
        self.two = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(out), nn.BatchNorm2d(out)])
        same = stride == 1 and width == out
        short = nn.Sequential(nn.Conv2d(width, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        self.short = nn.Identity() if same else short

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = F.relu(self.norms[0](self.one(x)))
        return F.relu(self.norms[1](self.two(h)) + self.short(x))


class Attention(nn.Module):
    """Heads written out, or torch's fused ones."""

    def __init__(self, width: int, heads: int, *, causal: bool) -> None:
        super().__init__()
        self.into, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.heads, self.causal = heads, causal

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, t, d = x.shape
        parts = self.into(x).view(n, t, 3, self.heads, d // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        if self.causal:
            scores = q @ k.transpose(-2, -1) * (d // self.heads) ** -0.5
            hidden = torch.ones(t, t, dtype=torch.bool).triu(1)
            y = F.softmax(scores.masked_fill(hidden, -torch.inf), dim=-1) @ v
        else:
            y = F.scaled_dot_product_attention(q, k, v)
        return self.out(y.transpose(1, 2).reshape(n, t, d))


class Block(nn.Module):
    """Attention and two layers, each beside a shortcut."""

    def __init__(self, width: int, heads: int, *, causal: bool) -> None:
        super().__init__()
        self.attention = Attention(width, heads, causal=causal)
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.wide, self.back = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.drop = nn.Dropout(0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norms[0](x))
        h = F.gelu(self.wide(self.norms[1](x)), approximate="tanh")
        return x + self.drop(self.back(h))


class Writer(nn.Module):
    """A decoder of blocks, its output tied to its embedding."""

    def __init__(self, words: int, length: int, width: int, depth: int, heads: int) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(words, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList([Block(width, heads, causal=True) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, words, bias=False)
        nn.init.normal_(self.words.weight, std=0.02)
        self.head.weight = self.words.weight

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.words(tokens) + self.places(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class Reader(nn.Module):
    """An LSTM over words, classified by its last state, which is gated."""

    def __init__(self, words: int, width: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.steps = nn.LSTM(width, width, num_layers=2, batch_first=True)
        self.gate, self.head, self.drop = (
            nn.Linear(width, width),
            nn.Linear(width, 10),
            nn.Dropout(0.2),
        )

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        states, _ = self.steps(self.words(tokens))
        last = self.drop(states[:, -1])
        return self.head(torch.tanh(last) * torch.sigmoid(self.gate(last)))


def pictures(width: int, size: int, batch: int, blocks: int) -> Problem:
    """Return a residual network on pictures; of width 64 with 2 blocks it is ResNet-18's size."""
    layers: list[nn.Module] = [
        nn.Conv2d(3, width, 7, 2, 3, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
    ]
    last = width
    for k in range(4):
        for j in range(blocks):
            layers.append(Residual(last, width << k, 2 if k and not j else 1))
            last = width << k
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, 1000 if width > 8 else 10)]
    return _classified(nn.Sequential(*layers), torch.randn(batch, 3, size, size), 10)


def sentences(words: int, length: int, batch: int, width: int, depth: int, heads: int) -> Problem:
    """Return a decoder; with 50,257 words, width 768 and depth 12 it is GPT-2 small's size."""
    tokens = torch.randint(words, (batch, length + 1))
    net = Writer(words, length, width, depth, heads)
    inputs, targets = tokens[:, :-1], tokens[:, 1:].flatten()
    return Problem(net, (inputs,), lambda y: F.cross_entropy(y.flatten(0, 1), targets))


def reviews(words: int, length: int, batch: int, width: int) -> Problem:
    """Return an LSTM."""
    return _classified(Reader(words, width), torch.randint(words, (batch, length)), 10)


def patches(width: int, length: int, batch: int, heads: int) -> Problem:
    """Return a block of a vision transformer; of width 768 and 197 patches it is ViT-B/16's."""
    net = Block(width, heads, causal=False)
    return Problem(net, (torch.randn(batch, length, width),), lambda y: y.square().mean())


def _classified(net: nn.Module, inputs: torch.Tensor, classes: int) -> Problem:
    targets = torch.randint(classes, (len(inputs),))
    return Problem(net, (inputs,), lambda y: F.cross_entropy(y, targets, label_smoothing=0.1))


NETS: dict[str, tuple[Callable[[], Problem], Callable[[], Problem]]] = {
    "ResNet-18-sized CNN": (lambda: pictures(64, 128, 4, 2), lambda: pictures(4, 32, 3, 1)),
    "GPT-2-small-sized decoder": (
        lambda: sentences(50_257, 128, 1, 768, 12, 12),
        lambda: sentences(50, 8, 2, 16, 2, 2),
    ),
    "LSTM of 2 layers": (lambda: reviews(20_000, 64, 8, 512), lambda: reviews(50, 8, 3, 8)),
    "ViT-B/16 block": (lambda: patches(768, 197, 4, 12), lambda: patches(16, 9, 2, 2)),
}


def made(name: str, *, small: bool = False) -> Problem:
    """Return a model with its batch, the same every time."""
    torch.manual_seed(0)
    return NETS[name][small]()
