"""A softmax classifier from scratch in NumPy, with the gradients from softgrad.

Run it with: python numpy_classifier.py [epochs, by default 30]
It needs scikit-learn for its data, the handwritten digits.
"""

import sys

import numpy as np
from sklearn.datasets import load_digits

import softgrad

epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 30
images, labels = load_digits(return_X_y=True)
draw = np.random.default_rng(0)
order = draw.permutation(len(images))
images, labels = images[order] / 16, labels[order]
train_images, train_labels = images[:1347], labels[:1347]
test_images, test_labels = images[1347:], labels[1347:]

weights = 0.01 * draw.normal(size=(64, 10))
bias = np.zeros(10)


def logits_of(rows: np.ndarray) -> np.ndarray:
    return rows @ weights + bias


for epoch in range(1, epochs + 1):
    order = draw.permutation(len(train_images))
    for start in range(0, len(order), 32):
        batch = order[start : start + 32]
        rows, target = train_images[batch], train_labels[batch]

        # The loss takes logits and class numbers; its gradient for the logits is (p - y) / N.
        loss, d_logits = softgrad.value_and_grad(softgrad.cross_entropy, logits_of(rows), target)

        # The matrix product is differentiated by hand: sums over the rows, no further 1/N.
        weights -= 0.3 * rows.T @ d_logits
        bias -= 0.3 * d_logits.sum(axis=0)
    if epoch % 5 == 0 or epoch == epochs:
        logits = logits_of(test_images)
        loss = softgrad.cross_entropy(logits, test_labels)
        accuracy = np.mean(logits.argmax(axis=1) == test_labels)
        print(f"epoch {epoch:>3}: test loss {loss:.3f}, accuracy {100 * accuracy:.1f}%")

# The same gradient in two steps, through the backward pass of softmax itself: the loss on
# probabilities is -log p[y], its gradient -1/p[y] goes into the pullback.
p, pullback = softgrad.vjp(softgrad.softmax, logits)
one_hot = np.eye(10)[test_labels]
in_two_steps = pullback(-one_hot / p / len(p))
_, in_one = softgrad.value_and_grad(softgrad.cross_entropy, logits, test_labels)
assert np.allclose(in_two_steps, in_one, atol=1e-12)
assert np.allclose(in_one, (p - one_hot) / len(p), atol=1e-12)
assert accuracy > (0.9 if epochs >= 10 else 0.5)
print("The gradient of cross_entropy equals softmax's backward pass applied to -1/p[y].")
