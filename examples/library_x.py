"""A digit classifier that learns nothing, and the call that is to blame, in torch.

Run it with: python library_x.py [epochs, by default 15]
or audit it as the command does: softgrad audit library_x.py:make
It needs PyTorch and, for its data, scikit-learn.
"""

import sys
import time
from collections.abc import Callable

import torch
from sklearn.datasets import load_digits

import softgrad

images, labels = load_digits(return_X_y=True)
images, labels = torch.tensor(images, dtype=torch.float32) / 16, torch.tensor(labels)


class LibraryX(torch.autograd.Function):
    """The softmax of some library: its value is right, its gradient is the sigmoid's."""

    @staticmethod
    def forward(ctx, x):
        p = torch.softmax(x, dim=-1)
        ctx.save_for_backward(p)
        return p

    @staticmethod
    def backward(ctx, g):
        (p,) = ctx.saved_tensors
        return g * p * (1 - p)


class Classifier(torch.nn.Module):
    def __init__(self, softmax: Callable) -> None:
        super().__init__()
        self.hidden, self.out = torch.nn.Linear(64, 32), torch.nn.Linear(32, 10)
        self.softmax = softmax

    def forward(self, rows):
        logits = self.out(torch.relu(self.hidden(rows)))
        return self.softmax(logits)


def loss(p, target):
    return -p.gather(-1, target[:, None]).log().mean()


def make():
    return Classifier(LibraryX.apply), images[:32], lambda p: loss(p, labels[:32])


def accuracy_after(epochs: int, softmax: Callable) -> float:
    torch.manual_seed(0)
    model = Classifier(softmax)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    for _ in range(epochs):
        for batch in torch.randperm(1347).split(32):
            optimizer.zero_grad()
            loss(model(images[batch]), labels[batch]).backward()
            optimizer.step()
    return (model(images[1347:]).argmax(-1) == labels[1347:]).float().mean().item()


if __name__ == "__main__":
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    stuck = accuracy_after(epochs, LibraryX.apply)
    print(f"with LibraryX: {100 * stuck:.1f} % of the test images are recognised")

    start = time.perf_counter()
    model, rows, its_loss = make()
    report = softgrad.audit(model, rows, loss=its_loss)
    (guilty,) = report.guilty
    print(f"\n{report}\n")
    seconds = time.perf_counter() - start
    print(f"named in {seconds:.1f} s: {guilty.call}, {guilty.source}: {guilty.bug}")

    learned = accuracy_after(epochs, softgrad.softmax)
    print(f"with softgrad.softmax in that line: {100 * learned:.1f} %, beside {100 * stuck:.1f} %")
    assert guilty.bug == "diagonal_only"
    assert stuck < 0.2 < learned
