"""What a person reads: complete, 80 columns wide, plain when it is not a terminal."""

import io
import re
import sys

import pytest

from softgrad.errors import MissingExtra
from softgrad.explain import LESSONS, explain, show

LONG = [0.5 * k - 3 for k in range(12)]


def told(x: list[float], upstream: list[float] | None = None, **options: object) -> str:
    file = io.StringIO()
    show(explain(x, upstream, **options), file)
    return file.getvalue()


def test_softmax_in_full() -> None:
    text = told([1, 2, 3], [1, 0, 0])
    for line in (
        "p  [0.0900, 0.2447, 0.6652]",
        "i = j  p_i (1 - p_i)",
        "i ≠ j  -p_i·p_j",
        "J[0,0] = p[0] * (1 - p[0]) = 0.0900 * (1 - 0.0900) =  0.0819",
        "J[0,1] = -p[0] * p[1]      = -0.0900 * 0.2447      = -0.0220",
        "dx = p∘(g - ⟨g,p⟩)",
        "⟨g,p⟩ = 1.0000 * 0.0900 + 0 * 0.2447 + 0 * 0.6652 = 0.0900",
        "dx[0] = p[0] * (g[0] - ⟨g,p⟩) = 0.0900 * (1.0000 - 0.0900) =  0.0819",
        "dx = [0.0819, -0.0220, -0.0599]",
        "Exactly 0, every one.",
        "diagonal  [0.0819, 0, 0]",
        "the error is 61% of the length of the right",
        "p * (g - (g * p).sum())",
        "torch.autograd.grad(torch.softmax(x, -1), x, g)[0]",
        "jax.vjp(jax.nn.softmax, x)[1](g)[0]",
    ):
        assert line in text
    assert len(re.findall(r"^   J\[\d,\d\] = ", text, flags=re.M)) == 9


@pytest.mark.parametrize("member", LESSONS)
@pytest.mark.parametrize("temperature", [1.0, 0.125])
@pytest.mark.parametrize("x", [[1.0, 2.0], [-1.0, 2000.0, -3e7], LONG], ids=["2", "wild", "12"])
def test_at_most_80_columns_and_plain(member: str, temperature: float, x: list[float]) -> None:
    text = told(x, [-1.5 * (k % 3) for k in range(len(x))], member=member, temperature=temperature)
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())
    assert re.findall(r"^(\d)\. ", text, flags=re.M) == list("123456")


def test_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    text = told([0.25, -4e7, 3.0], [-1, -2, -3e-7], member="entmax", temperature=0.1)
    assert max(map(len, text.splitlines())) <= 50


def test_a_long_row_is_shortened_and_says_so() -> None:
    text = told(LONG)
    assert "12 entries on the diagonal, 132 off it" in text
    assert "Its first 7 rows and columns:" in text
    assert "..." in text


def test_a_default_upstream_is_named() -> None:
    assert "none given: 1 for the first output" in told([1, 2])
    assert "none given" not in told([1, 2], [1, 0])


def test_a_right_gradient_of_zero() -> None:
    assert "the right gradient is 0 throughout" in told([1, 2, 3], [1, 1, 1])


def test_a_gradient_the_diagonal_gets_right() -> None:
    assert "The same for this g" in told([1, 2, 3], [0, 0, 0])


def test_an_elementwise_member() -> None:
    text = told([1, 2], member="sigmoid")
    assert "and every other entry is 0" in text
    assert "The same: off the diagonal the Jacobian of sigmoid is 0." in text


def test_colour_only_in_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm-256color")
        patch.delenv("NO_COLOR", raising=False)
        file = Terminal()
        show(explain([1, 2]), file)
    assert "\x1b[1" in file.getvalue()


def test_without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with pytest.raises(MissingExtra, match=re.escape('pip install "softgrad[cli]"')):
        show(explain([1, 2]))
