"""Every target's softmax against extended precision, which is checked against mpmath."""

import mpmath
import numpy as np
import pytest

BOUND = 4  # ulp

Extended = np.longdouble

if np.finfo(Extended).nmant < 60:
    pytest.skip("needs a long double wider than double", allow_module_level=True)


def exact(x: np.ndarray) -> np.ndarray:
    """Return the softmax of x along its last axis in extended precision."""
    wide = x.astype(Extended)
    e = np.exp(wide - wide.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def ulps(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the error in units of the last place of found's dtype, subnormals included."""
    info = np.finfo(found.dtype)
    exponent = np.frexp(np.maximum(truth, Extended(info.tiny)))[1] - 1
    return np.abs(found.astype(Extended) - truth) * np.ldexp(Extended(1), info.nmant - exponent)


def cases() -> dict[str, np.ndarray]:
    """Return named rows: every short length, long ones, and logits that move the anchor."""
    draw = np.random.default_rng(0).standard_normal
    table = {f"n={n}": 10 * draw((40, n)) for n in range(1, 131)}
    table |= {f"n={n}": 10 * draw((16, n)) for n in (1000, 1023, 4096)}
    table |= {f"spread {s}": s * draw((64, 1000)) for s in (0.1, 1, 30, 300, 3000)}
    table |= {f"around {m}": m + 3 * draw((16, 1000)) for m in (1e3, -1e3, 1e4, -1e4)}
    table |= {
        "around 1e38": np.array([[1e38, 1e38, -1e38, 0], [-1e38, -1e38, -3e38, -2e38]]),
        "n=1000000, a step up": np.repeat([[-1e38, 0.0, 1e38]], 400_000, axis=1),
        "constant": np.full((2, 1000), 0.3),
        "streamed, n=2001": 10 * draw((600, 2001)),
        "n=128256": 3 * draw((2, 128256)),
        "n=1000000": 5 * draw((1, 1_000_000)),
        "n=1000000, spread 3000": 3000 * draw((1, 1_000_000)),
        "n=1000000, -1e4 rising to 1e4": np.linspace(-1e4, 1e4, 1_000_000)[None],
        "n=1000000, 1e4 falling to -1e4": np.linspace(1e4, -1e4, 1_000_000)[None],
        "n=1000000, 2000 rising to 2001": np.linspace(2000, 2001, 1_000_000)[None],
        "n=1000000, -1700 rising to 1700": np.linspace(-1700, 1700, 1_000_000)[None],
    }
    return table


@pytest.fixture(scope="module", params=["float32", "float64"])
def inputs(request):
    return {name: x.astype(request.param) for name, x in cases().items()}


@pytest.fixture(scope="module")
def truths(inputs):
    return {name: exact(x) for name, x in inputs.items()}


def test_every_row_within_its_bound(target, inputs, truths, softmax_of):
    found = softmax_of(target, inputs)
    worst = {name: float(ulps(y, truths[name]).max()) for name, y in found.items()}
    assert worst.keys() == inputs.keys()
    assert {name: u for name, u in worst.items() if not u <= BOUND} == {}


def test_the_measure_sees_a_wrong_last_place(inputs, truths):
    right = truths["n=100"].astype(inputs["n=100"].dtype)
    wrong = np.nextafter(right, np.inf)
    assert ulps(right, truths["n=100"]).max() <= 0.5
    assert 0.5 <= ulps(wrong, truths["n=100"]).max() <= 1.5


def test_extended_precision_agrees_with_mpmath(inputs, truths):
    for name in ("n=7", "n=130"):
        row, truth = inputs[name][0], truths[name][0]
        with mpmath.workdps(50):
            e = [mpmath.exp(mpmath.mpf(float(v))) for v in row]
            p = [v / mpmath.fsum(e) for v in e]
            error = [abs(mpmath.mpf(str(t)) / v - 1) for t, v in zip(truth, p, strict=True)]
            assert max(error) < 1e-17


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_below_the_normal_range_are_right(target, dtype, softmax_of):
    info = np.finfo(dtype)
    low = float(np.log(info.tiny)), float(np.log(info.smallest_subnormal))
    x = np.concatenate([[0], np.linspace(low[0] + 2, low[1] - 40, 5000)]).astype(dtype)[None]
    y = softmax_of(target, {"x": x})["x"]
    truth = exact(x)
    assert ulps(y, truth).max() <= 1.5
    dead = truth < Extended(info.smallest_subnormal) / 2
    assert dead.any() and not dead.all()
    assert (y[dead] == 0).all()
    assert ((y > 0) & (y < info.tiny)).any()
