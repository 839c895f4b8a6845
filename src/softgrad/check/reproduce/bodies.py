"""What a program compares: the slope, the gradient's form, what it writes into, or two calls.

Each body follows the definitions of ``inputs``, ``wrt``, ``outputs``, ``differentiate`` (or
``push``), ``host`` and ``like``, prints what it saw, and exits with 1 where that is wrong.
"""

from string import Template

__all__ = [
    "BODIES",
    "CLAIMED",
    "FORMULAS",
    "FORWARD_MODE",
    "MEASURED",
    "SECOND_DERIVATIVE",
    "SHOWN_BY",
    "SLOPES",
    "TOLD",
    "UNEVEN",
]

FORWARD_MODE, SECOND_DERIVATIVE = "forward_mode_wrong", "second_derivative_lost"
"""The bugs of derivatives other than the first one in reverse mode."""

SHOWN_BY = {
    "wrong_shape": ("form",),
    "wrong_dtype": ("form",),
    "broadcast_not_reduced": ("form",),
    "mutates_argument": ("touched",),
    "stale_state": ("repeated", "overtaken"),
    "nondeterministic": ("repeated",),
}
"""The bugs that are seen by other bodies than the slope."""

CLAIMED = (
    """\
_, found = differentiate([like(gi, y) for gi, y in zip(g, outputs(inputs))])
terms = [host(d) * u[n] for n, d in zip(wrt, found) if d is not None]""",
    """\
pushed = push({n: like(u[n], inputs[n]) for n in wrt})
terms = [gi * np.where(gi != 0, host(t), 0) for gi, t in zip(g, pushed)]""",
)
"""What the claim says of the slope, as terms to be summed: in reverse and in forward mode."""

FORMULAS = ("⟨d, u⟩", "⟨g, jvp(u)⟩")
"""The same for the reader."""

MEASURED = "⟨g, f(x+hu) − f(x−hu)⟩/2h"

TOLD = f"""\
print(f"claimed:  $formula = {{claimed:.12g}}")
print(f"measured: {MEASURED} = {{measured:.12g}} ± {{error:.2g}}")
sys.exit(int(not abs(claimed - measured) <= error))
"""
"""The end of each program that looks at a slope."""

UNEVEN = "[like(1.0 + np.arange(np.prod(y.shape)).reshape(y.shape) % 3, y) for y in ys]"
"""An upstream gradient that is the same at every call."""

SLOPES = f"""\
\"\"\"Return the gradients of ⟨v, f⟩, which are differentiated here in place of f.\"\"\"
ys = primal(at)
v = {UNEVEN}
"""
"""How ``outputs(at)`` starts where the derivative of the gradient is wrong."""

_SLOPE = """\
draw = np.random.default_rng($seed)


def drawn(shape):
    \"\"\"Return random signs times U[0.5, 1.5].\"\"\"
    return draw.choice([-1.0, 1.0], shape) * draw.uniform(0.5, 1.5, shape)


ys = outputs(inputs)
values = [host(y) for y in ys]
g = [np.where(np.isfinite(v), host(like(drawn(v.shape), y)), 0) for v, y in zip(values, ys)]
x = {n: host(inputs[n]) for n in wrt}
u = {n: np.where(np.isfinite(x[n]), drawn(x[n].shape), 0) for n in wrt}$only


def shifted(t):
    \"\"\"Return f at x + tu.\"\"\"
    there = {n: $moved(x[n] + t * u[n], inputs[n]) for n in wrt}
    return [host(y) for y in outputs({**inputs, **there})]


def slope(h):
    \"\"\"Return $measured$sharper.\"\"\"
    total = 0.0
    for k, weight in $weights.items():
        for gi, above, below in zip(g, shifted(k * h), shifted(-k * h)):
            total += weight * np.sum(np.where(gi != 0, gi * (above - below), 0)) / h
    return float(total)


$claim
claimed, size = (float(sum(np.sum(each) for each in t)) for t in (terms, map(np.abs, terms)))
h = $step
measured = slope(h)
scale = sum(float(np.sum(np.abs(np.where(gi != 0, gi * v, 0)))) for gi, v in zip(g, values))
error = 4 * abs(measured - slope(h / 2)) + 8 * $eps * (scale + size) / h + 8 * $eps_claim * size
"""

_FORM = """\
wrong = False
_, found = differentiate([like(np.ones(host(y).shape), y) for y in outputs(inputs)])
for name, d in zip(wrt, found):
    for part in ("shape", "dtype"):
        wanted, got = getattr(inputs[name], part), getattr(d, part, None)
        print(f"{name}: {part} {wanted}, of its gradient {got}")
        wrong |= wanted != got
sys.exit(int(wrong))
"""

_TOUCHED = """\
fresh = [host(y).copy() for y in outputs(inputs)]
upstream = [1.0 + np.arange(v.size).reshape(v.shape) % 3 for v in fresh]
g = [like(v, y) for v, y in zip(upstream, outputs(inputs))]
before = {n: host(inputs[n]).copy() for n in wrt}
ys, _ = differentiate(g)
seen = {n: (before[n], inputs[n]) for n in wrt}
seen |= {"the upstream gradient": pair for pair in zip(upstream, g)}
seen |= {"the output": pair for pair in zip(fresh, ys)}
same = {n: np.array_equal(was, host(now), equal_nan=True) for n, (was, now) in seen.items()}
changed = [n for n in same if not same[n]]
print("written into:", ", ".join(changed) or "nothing")
sys.exit(int(bool(changed)))
"""

_GRADIENT = """\
def gradient(at):
    \"\"\"Return the claimed gradient with the inputs ``at``, flat.\"\"\"
    kept = dict(inputs)
    inputs.update(at)
    ys = outputs(inputs)
    g = $uneven
    _, found = differentiate(g)
    inputs.update(kept)
    return np.concatenate([np.ravel(host(d)) for d in found if d is not None]).copy()


first = gradient({})
elsewhere = {n: like(0.5 * host(inputs[n]) + 0.25, inputs[n]) for n in wrt}
"""

_REPEATED = """\
gradient(elsewhere)
"""

_OVERTAKEN = """\
once = outputs


def outputs(at):
    \"\"\"Return the outputs, and run f elsewhere before anybody asks for their gradient.\"\"\"
    ys = once(at)
    once({**inputs, **elsewhere})
    return ys


"""

_APART = """\
apart = max(float(np.abs(gradient({}) - first).max()) for _ in range(4))
print(f"gradients of the same call are {apart:.3g} apart")
sys.exit(int(not apart <= 64 * $eps_claim * float(np.abs(first).max())))
"""

BODIES = {
    "slope": Template(_SLOPE + TOLD),
    "form": Template(_FORM),
    "touched": Template(_TOUCHED),
    "repeated": Template(_GRADIENT + _REPEATED + _APART),
    "overtaken": Template(_GRADIENT + _OVERTAKEN + _APART),
}
