"""The right one is right, and each wrong one is wrong in the way its name says."""

import numpy as np
import pytest

pytest.importorskip("rich")

from softgrad.demo.backwards import RIGHT, WRONG, Backward, Rows, forward
from softgrad.demo.study import ask_checker

T = 0.5
BUGS = {
    "diagonal only": "diagonal_only",
    "identity": "identity_jacobian",
    "summed Jacobian": "jacobian_summed",
    "wrong axis": "wrong_axis",
    "missing 1/T": "param_ignored",
}


def jacobians(x: Rows) -> np.ndarray:
    """Return the Jacobian of each row by central differences."""
    h = 1e-6
    columns = [forward(x + h * e, T) - forward(x - h * e, T) for e in np.eye(x.shape[1])]
    return np.stack(columns, axis=-1) / (2 * h)


@pytest.fixture
def rows() -> tuple[Rows, Rows, Rows]:
    draw = np.random.default_rng(5)
    x, g = draw.normal(size=(6, 4)), draw.normal(size=(6, 4))
    return g, forward(x, T), x


def test_the_right_one(rows: tuple[Rows, Rows, Rows]) -> None:
    g, _, x = rows
    expected = np.einsum("ni,nij->nj", g, jacobians(x))
    np.testing.assert_allclose(RIGHT.run(*rows, T), expected, atol=1e-8)


def test_what_each_wrong_one_computes(rows: tuple[Rows, Rows, Rows]) -> None:
    g, _, x = rows
    full = jacobians(x)
    got = {backward.name: backward.run(*rows, T) for backward in WRONG}
    diagonal = np.einsum("nii->ni", full)
    np.testing.assert_allclose(got["diagonal only"], g * diagonal, atol=1e-8)
    np.testing.assert_array_equal(got["identity"], g)
    np.testing.assert_allclose(got["summed Jacobian"], 0, atol=1e-14)
    np.testing.assert_allclose(got["missing 1/T"], T * RIGHT.run(*rows, T), atol=1e-14)
    assert not np.allclose(got["wrong axis"], RIGHT.run(*rows, T), atol=1e-2)


def test_the_wrong_axis_is_the_right_one_of_the_transposed_batch() -> None:
    # With equal logits every entry of p is 1/3, along either axis.
    g, x = np.random.default_rng(6).normal(size=(3, 3)), np.zeros((3, 3))
    wrong = next(b for b in WRONG if b.name == "wrong axis")
    p = forward(x, T)
    np.testing.assert_allclose(wrong.run(g, p, x, T), RIGHT.run(g.T, p, x, T).T, atol=1e-15)


@pytest.mark.parametrize("backward", WRONG, ids=lambda b: b.name)
def test_the_checker_names_it(backward: Backward) -> None:
    report = ask_checker(backward, 0)
    assert report.ok is False
    assert report.bug == BUGS[backward.name]


def test_the_checker_approves_of_the_right_one() -> None:
    assert ask_checker(RIGHT, 0).ok is True
