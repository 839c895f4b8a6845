"""Complex inputs and outputs: real and imaginary parts are entries like any others."""

import numpy as np
import pytest

import softgrad

Z = np.random.default_rng(0).normal(size=(3, 4, 2)) @ np.array([1, 1j])
W = np.random.default_rng(1).normal(size=(4, 2, 2)) @ np.array([1, 1j])


def square(z):
    return z * z


def power(z):
    return (z * z.conj()).real.sum(-1)


def matmul(z, w):
    return z @ w


RIGHT = {
    "square": (square, lambda g, y, z: g * np.conj(2 * z), (Z,)),
    "power": (power, lambda g, y, z: 2 * z * g[..., None], (Z,)),
    "matmul": (matmul, lambda g, y, z, w: (g @ w.conj().T, z.conj().T @ g), (Z, W)),
    "conj": (np.conj, lambda g, y, z: np.conj(g), (Z,)),
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("dtype", [np.complex128, np.complex64])
def test_right(name, dtype):
    f, backward, inputs = RIGHT[name]
    report = softgrad.check(f, tuple(a.astype(dtype) for a in inputs), vjp=backward)
    assert report.ok, report


def test_the_conjugate_convention_is_a_convention():
    report = softgrad.check(square, (Z,), vjp=lambda g, y, z: g * 2 * z)
    assert report.ok, report
    assert any("conjugate" in fact for fact in report.evidence)


def test_one_wrong_entry_is_found():
    def backward(g, y, z):
        d = g * np.conj(2 * z)
        d[1, 2] *= 1.001
        return d

    report = softgrad.check(square, (Z,), vjp=backward)
    assert report.ok is False
    assert np.argwhere(report.wrong["z"]).tolist() == [[1, 2]]
    assert {(e.input, e.index) for e in report.entries} <= {("z.real", (1, 2)), ("z.imag", (1, 2))}


def test_a_lost_imaginary_part_is_wrong():
    report = softgrad.check(square, (Z,), vjp=lambda g, y, z: (g * np.conj(2 * z)).real + 0j)
    assert report.ok is False


def test_torch_and_jax():
    torch = pytest.importorskip("torch")
    jax = pytest.importorskip("jax")
    z = torch.tensor(Z)
    assert softgrad.check(lambda z: (z * z.exp()).abs() ** 2, (z,)).ok
    with jax.enable_x64(True):
        assert softgrad.check(
            lambda z: jax.numpy.abs(z * jax.numpy.exp(z)) ** 2, (jax.numpy.array(Z),)
        ).ok
