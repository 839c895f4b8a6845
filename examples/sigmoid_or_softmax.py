"""Show when softmax is a sigmoid, and why its derivative is not p(1 - p).

Run it with: python sigmoid_or_softmax.py
"""

import numpy as np

import softgrad


def show(name: str, value: np.ndarray | float) -> None:
    print(f"{name:<40} {(np.round(value, 4) + 0.0).tolist()}")


# 1. For two classes, softmax is the sigmoid of the difference of the two logits.
x = np.array([2.0, -1.0])
p = softgrad.softmax(x)
show("softmax of two logits", p)
show("sigmoid of their difference", softgrad.sigmoid(x[:1] - x[1:]))
assert np.isclose(p[0], softgrad.sigmoid(x[:1] - x[1:])[0])

# 2. So p(1 - p) is there, but as a derivative for the difference. Each of the two logits gets one,
#    with opposite signs: what one class gains, the other loses.
jacobian = softgrad.jacobian(softgrad.softmax, x).to_dense()
show("its Jacobian", jacobian)
show("p(1 - p)", p[0] * (1 - p[0]))
assert np.allclose(jacobian, p[0] * p[1] * np.array([[1, -1], [-1, 1]]))

# 3. For more classes there is no such difference: every output depends on every input through
#    the sum they are divided by. Three independent sigmoids do not even add up to 1.
x = np.array([1.0, 2.0, 3.0])
p = softgrad.softmax(x)
show("softmax of three logits, and the sum", np.append(p, p.sum()))
q = softgrad.sigmoid(x)
show("sigmoid of three logits, and the sum", np.append(q, q.sum()))

# 4. For the sigmoid, g * p(1 - p) is the whole backward pass.
g = np.array([1.0, -2.0, 0.5])
_, pullback = softgrad.vjp(softgrad.sigmoid, x)
assert np.allclose(pullback(g), g * q * (1 - q))

# 5. For softmax it is only the diagonal of the Jacobian. The rest is one dot product.
_, pullback = softgrad.vjp(softgrad.softmax, x)
right, wrong = pullback(g), g * p * (1 - p)
show("the gradient of softmax, p * (g - <g,p>)", right)
show("g * p(1 - p)", wrong)
assert np.allclose(right, p * (g - np.dot(g, p)))

# 6. Who is right? Move each logit a little and look.
h = 1e-6
nudged = [np.dot(g, softgrad.softmax(x + h * e) - softgrad.softmax(x - h * e)) for e in np.eye(3)]
numerical = np.array(nudged) / (2 * h)
show("measured by moving each logit", numerical)
assert np.allclose(right, numerical, atol=1e-8)
assert not np.allclose(wrong, numerical, atol=1e-2)

# 7. Softmax does not change when all logits rise together, so its gradient adds up to 0.
#    That of the sigmoid formula does not: it would push all the logits in one direction for ever.
show("sum of the right gradient", right.sum())
show("sum of g * p(1 - p)", wrong.sum())
assert abs(right.sum()) < 1e-15 < abs(wrong.sum())
