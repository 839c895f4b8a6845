"""What the kernels are measured by: the truth against mpmath, the measure against faults."""

import numpy as np
import pytest
from mpmath import mp
from native.calls import GROUPS
from native.measure import PRECISIONS, Expected, Truth, ulp
from native.stress import logits, numbers

pytest.importorskip("softgrad._native", exc_type=ImportError)

from native.layout import entries

from softgrad.family.entmax import ENTMAX

if np.finfo(np.longdouble).nmant < 60:
    pytest.skip("needs a long double wider than double", allow_module_level=True)


def _log_p(x, i):
    return x[i] - mp.log(mp.fsum(mp.exp(v) for v in x))


def _asked(i, r, target, gains, offsets, constants):
    gain = constants[0] if gains is None else gains[r]
    offset = constants[1] if offsets is None else offsets[i]
    return mp.mpf(float(offset)) + (mp.mpf(float(gain)) if i == target[r] else 0)


def _loss(x, r, target, gains, offsets, _, constants):
    if target[r] < 0:
        return [mp.mpf(0)]
    cost = -mp.fsum(
        _asked(i, r, target, gains, offsets, constants) * _log_p(x, i) for i in range(len(x))
    )
    return [cost + constants[4] * mp.log(mp.fsum(map(mp.exp, x))) ** 2]


def _loss_gradient(x, r, target, gains, offsets, shares, constants):
    if target[r] < 0:
        return [mp.mpf(0)] * len(x)
    share = mp.mpf(float(constants[3] if shares is None else shares[r]))
    q = [_asked(i, r, target, gains, offsets, constants) for i in range(len(x))]
    total, lse = mp.fsum(q), mp.log(mp.fsum(map(mp.exp, x)))
    p = [mp.exp(_log_p(x, i)) for i in range(len(x))]
    return [share * (a * total - b) + 2 * constants[5] * lse * a for a, b in zip(p, q, strict=True)]


def _soft(x, y, weights, constants):
    kept, spread, _, share, on_loss, on_slope = constants
    weights = [1.0] * len(x) if weights is None else weights
    q = [w * (kept * b + mp.mpf(spread)) for b, w in zip(y, map(float, weights), strict=True)]
    log_p = [_log_p(x, i) for i in range(len(x))]
    lse, total = x[0] - log_p[0], mp.fsum(q)
    loss = on_loss * lse**2 - mp.fdot(q, log_p)
    p = [mp.exp(v) for v in log_p]
    by_x = [share * (a * total - b) + 2 * on_slope * lse * a for a, b in zip(p, q, strict=True)]
    return [[loss], by_x]


def _binary(x, y, w, v, constants):
    kept, spread, *_, share = constants
    t = [kept * b + mp.mpf(spread) for b in y]
    entries = list(zip(x, t, w, v, strict=True))
    costs = [
        w * (v * t * mp.log1p(mp.exp(-x)) + (1 - t) * mp.log1p(mp.exp(x))) for x, t, w, v in entries
    ]
    slopes = [share * w * ((1 - t) * _sigmoid(x) - v * t * _sigmoid(-x)) for x, t, w, v in entries]
    return [[mp.fsum(costs)], slopes]


def _weighted(s, t):
    mean = mp.fdot(s, t) / mp.fsum(s)
    return [a * (b - mean) for a, b in zip(s, t, strict=True)]


def _bent(s, ds, t):
    mean = mp.fdot(s, t) / mp.fsum(s)
    moved = [a * (b - mean) for a, b in zip(ds, t, strict=True)]
    share = mp.fsum(moved) / mp.fsum(s)
    return [a - b * share for a, b in zip(moved, s, strict=True)]


def _normalised(p):
    """Return probabilities that sum to 1: the largest is what the others leave."""
    top = p.index(max(p))
    if 2 * p[top] > mp.fsum(p):
        p[top] = 1 - mp.fsum(v for i, v in enumerate(p) if i != top)
    return p


def _centred(p, t, live):
    t = [v if alive else 0 for v, alive in zip(t, live, strict=True)]
    mean = mp.fdot(_normalised(p), t)
    return [v - mean if alive else 0 for v, alive in zip(t, live, strict=True)]


def _centred_back(p, g, live):
    g = [v if alive else 0 for v, alive in zip(g, live, strict=True)]
    pairs = zip(g, _normalised(p), live, strict=True)
    return [v - a * mp.fsum(g) if alive else 0 for v, a, alive in pairs]


def _sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def _each(*functions):
    return lambda x: [[f(v) for v in x] for f in functions]


ELEMENTWISE = {
    "sigmoid": _each(_sigmoid, lambda x: _sigmoid(x) * _sigmoid(-x), lambda x: mp.tanh(x / 2)),
    "log_sigmoid": _each(lambda x: -mp.log1p(mp.exp(-x)), lambda x: _sigmoid(-x), _sigmoid),
    "softplus": _each(lambda x: mp.log1p(mp.exp(x)), _sigmoid, lambda x: _sigmoid(-x)),
}


def _dyad(u, v, d):
    return [d[i] if i == j else u[i] * v[j] for i in range(len(u)) for j in range(len(v))]


ALPHA = {"sparsemax": 2.0, "entmax15": 1.5}
entmax = ENTMAX.definition


def textbook(call, r: int, precision) -> list[list]:
    """Return a row of each output, by the equation as it is written, at many digits."""

    def row(k):
        a = call.arrays[k]
        return [mp.mpf(float(v)) for v in np.atleast_1d(precision.decode(a)[r])]

    x = row(0)
    member = call.kernel.removesuffix("_fields")
    if member in ELEMENTWISE:
        return ELEMENTWISE[member](x)
    if member.startswith("soft_"):
        return _soft(x, row(1), call.arrays[2], call.constants)
    if member.startswith("binary"):
        weights = [
            [mp.mpf(constant)] * len(x) if array is None else row(k)
            for k, (array, constant) in enumerate(
                zip(call.arrays[2:], call.constants[2:4], strict=True), start=2
            )
        ]
        return _binary(x, row(1), *weights, call.constants)
    if member.startswith("cross_entropy"):
        rest = [*call.arrays[1:], *[None] * (5 - len(call.arrays)), call.constants]
        return [_loss(x, r, *rest), _loss_gradient(x, r, *rest)]
    if member in ("softmax", "log_softmax", "logsumexp"):
        log_p = [_log_p(x, i) for i in range(len(x))]
        p = [mp.exp(v) for v in log_p]
        first = {"softmax": p, "log_softmax": log_p, "logsumexp": [x[0] - log_p[0]]}
        return [first[member], p]
    if member == "centering_bend_transposed":
        live = [True] * len(x) if call.arrays[2] is None else call.arrays[2][r]
        total = mp.fsum(g for g, alive in zip(row(1), live, strict=True) if alive)
        return [[-dp * total for dp in x]]
    if member.startswith("centering"):
        mask = call.arrays[2]
        live = [True] * len(x) if mask is None else mask[r]
        return [(_centred if member == "centering" else _centred_back)(x, row(1), live)]
    if member in ALPHA:
        p = entmax(mp, x, ALPHA[member])
        return [p, [v ** (2 - ALPHA[member]) if v else v for v in p]]
    t = row(1)
    return {
        "weighted_centering": lambda: [_weighted(x, t)],
        "weighted_centering_bend": lambda: [_bent(x, t, row(2))],
        "functional": lambda: [[mp.fdot(x, t)]],
        "functional_transposed": lambda: [[v * t[0] for v in x]],
        "diagonal": lambda: [[v * t[0] for v in x]],
        "dyads": lambda: [_dyad(x, t, row(2))],
    }[member]()


NAMES = ["n=1", "n=2", "n=7", "n=23", "+20 first", "constant"]


@pytest.mark.parametrize("precision", PRECISIONS.values(), ids=PRECISIONS)
@pytest.mark.parametrize("group", GROUPS)
def test_the_truth_is_the_textbook_equation(group, precision):
    if group == "elementwise":
        rows = {name: x[::1997] for name, x in numbers(precision).items()}
    else:
        every = logits(precision, by_block=False)
        rows = {name: every[name][-3:, :24] for name in NAMES}
    wrong = []
    for name, x in rows.items():
        for call in GROUPS[group](np.ascontiguousarray(x), precision):
            with np.errstate(all="ignore"):
                known = call.truths()
            for r in range(0, len(x), max(1, len(x) // 2)):
                with mp.workdps(60):
                    book = textbook(call, r, precision)
                    wrong += _disagreements(name, call.kernel, known, book, r)
    assert wrong == []


def _disagreements(name, kernel, known, book, r):
    for truths, expected in zip(known, book, strict=False):
        for truth in truths:
            value = np.ravel(truth.value[r])
            terms = None if truth.terms is None else np.ravel(truth.terms[r])
            chosen = range(len(value)) if truth.where is None else np.flatnonzero(truth.where[r])
            for i in chosen:
                exact = mp.mpf(expected[i])
                size = abs(exact) if terms is None else _exactly(terms[i])
                error = abs(_exactly(value[i]) - exact)
                if error > mp.mpf(10) ** -17 * size + mp.mpf(10) ** -4900:
                    yield name, kernel, truth.name, int(i), float(error / (size or 1))


def _exactly(x) -> "mp.mpf":
    mantissa, exponent = np.frexp(x)
    high = float(mantissa)
    return mp.ldexp(mp.mpf(high) + mp.mpf(float(mantissa - high)), int(exponent))


@pytest.mark.parametrize("precision", PRECISIONS.values(), ids=PRECISIONS)
class TestTheMeasure:
    @pytest.fixture
    def truth(self, precision):
        x = logits(precision, by_block=False)["n=100"]
        return next(GROUPS["softmax"](x, precision)).truths()[0][0]

    def test_sees_a_wrong_last_place(self, precision, truth):
        right = precision.encode(truth.value)
        wrong = right.view(f"u{right.itemsize}") + 1
        expected = Expected(truth, precision, precision.work)
        assert expected.error(precision.decode(right)) <= 0.5
        assert 0.5 <= expected.error(precision.decode(wrong.view(right.dtype))) <= 2.5

    def test_sees_one_entry_that_is_beyond_its_bound(self, precision, truth):
        found = precision.decode(precision.encode(truth.value))
        expected = Expected(truth, precision.work, precision)
        assert expected.error(found) <= truth.bound
        found[3, 50] += (truth.bound + 1) * ulp(found[3, 50], precision)
        assert expected.error(found) > truth.bound

    @pytest.mark.parametrize("content", [np.nan, np.inf, -np.inf])
    def test_sees_what_is_no_number(self, precision, truth, content):
        found = precision.decode(precision.encode(truth.value))
        found[3, 50] = content
        assert Expected(truth, precision.work, precision).error(found) == np.inf

    def test_takes_infinity_for_what_is_too_large(self, precision):
        value = precision.largest * np.array([1.001, -0.999])
        expected = Expected(Truth("", value, 1), precision.work, precision)
        assert expected.error(np.array([np.inf, -np.inf])) == np.inf
        below = precision.decode(precision.encode(value[1:]))[0]
        assert expected.error(np.array([np.inf, below])) <= 0.5


def test_every_kernel_is_measured():
    rows = PRECISIONS["float32"].encode(np.ones((4, 3)))
    made = {c.kernel for make in GROUPS.values() for c in make(rows, PRECISIONS["float32"])}
    assert made == set(entries())
