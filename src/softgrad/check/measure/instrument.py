"""True directional derivatives by finite differences, each with its own error bar."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from softgrad.check.measure.streams import accumulate, norm, norms, rise
from softgrad.check.precision import digits, epsilon
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["GOAL", "Instrument", "Slope"]

GOAL = 1e-9

# Central stencils of order 6 and 4 at steps 1, 2, 3; their difference estimates the truncation.
_SIX = np.array([3 / 4, -3 / 20, 1 / 60])
_FOUR = np.array([2 / 3, -1 / 12, 0.0])
# From y(k) + y(−k) − 2y(0), k = 1, 2, 3: the sixth difference. On a smooth function it is all
# rounding; of a kink |k| it is 12.
_SIXTH = np.array([15.0, -6.0, 1.0])
_BENT = 1 / 6
_ROUNDING = np.sqrt(2 * np.sum(_SIX**2)) / np.sqrt(924.0)
_LADDER = (1.0, 1 / 4, 1 / 32, 1 / 512, 1 / 16384)


@dataclass(frozen=True)
class Slope:
    """⟨d − t, u⟩ for a claimed gradient d and the true one t, along one direction u.

    Parameters
    ----------
    residual
        The difference.
    error
        What the measurement may be off by.
    size
        |⟨t, u⟩|.
    kink
        Half the jump between the one-sided slopes; noise where f is smooth.
    step
        The step used.
    bent
        Whether f has a kink at the point itself, along u.
    """

    residual: float
    error: float
    size: float
    kink: float
    step: float
    bent: bool = False


class Instrument:
    """Measures a subject's forward pass around its point.

    The forward pass is run in float64 where it honours float64, whatever the dtype of the inputs,
    so that the truth is known far better than the claim can be. Besides the point and the value it
    keeps two vectors: the point it has moved to, and a sum of second differences.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.x = subject.x
        self.narrow = subject.forward()
        self.wide = False
        self.y = self.narrow
        self.eps = subject.eps
        if self.eps > epsilon("float64"):
            self._widen()
        self.live = np.isfinite(self.y) & np.isfinite(self.narrow)
        self.free = np.isfinite(self.x)
        self.excused = np.zeros(self.x.size, bool)
        self._every_output, self._every_entry = bool(self.live.all()), bool(self.free.all())
        self._tuned = False

    def _widen(self) -> None:
        narrow = self.subject.outputs
        self.subject.outputs = []
        try:
            y = self.subject.forward(wide=True)
            honoured = all(epsilon(dtype) <= 2.0**-52 for _, dtype in self.subject.outputs)
        except CodeRaised:
            return
        finally:
            self.subject.outputs = narrow
        if not honoured or y.shape != self.narrow.shape:
            return
        both = np.isfinite(y) & np.isfinite(self.narrow)
        loose = max(1e-2, 16 * self.eps)
        slack = loose * np.abs(y[both]).max(initial=0.0)
        slack += self.eps * np.abs(self.x[np.isfinite(self.x)]).max(initial=0.0)
        if np.allclose(self.narrow[both], y[both], rtol=loose, atol=slack):
            self.wide, self.y, self.eps = True, y, epsilon("float64")

    @property
    def step(self) -> float:
        """The step at which the error bar is smallest: truncation of order 4 against rounding."""
        return self.eps ** (1 / 5)

    def excuse(self, entries: np.ndarray) -> None:
        """Leave entries out of every comparison from now on."""
        self.excused |= entries
        self.free &= ~entries
        self._every_entry = bool(self.free.all())

    def at(self, x: np.ndarray, *, borrow: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Return the exactly representable point next to ``x`` and f there."""
        placed = x if self.wide else self.subject.quantise(x)
        return placed, self.subject.forward(placed, wide=self.wide, borrow=borrow)

    def masked(self, g: np.ndarray) -> np.ndarray:
        """Return ``g`` with zeros at outputs that are not finite."""
        return g if self._every_output else np.where(self.live, g, 0.0)

    def _freed(self, d: np.ndarray) -> np.ndarray:
        return d if self._every_entry else np.where(self.free, d, 0.0)

    def weight(self, g: np.ndarray, d: np.ndarray) -> float:
        """Return ‖g∘y‖ + ‖d∘x‖, by which rounding in f is scaled."""
        outputs = norms(g, self.masked(self.y))[0]
        return outputs + norms(d, self._freed(self.x))[0]

    def line(self, g: np.ndarray, d: np.ndarray, u: np.ndarray, step: float, scale: float) -> Slope:
        """Compare d with f along u at one step size."""
        odd, true = np.zeros(3), np.zeros(3)
        live, free = self._masks()
        even, moved = np.zeros(self.y.size), np.empty(self.x.size)
        for k in (1, 2, 3):
            for sign in (1, -1):
                np.multiply(u, sign * k * step, out=moved)
                moved += self.x
                placed, y = self.at(moved, borrow=True)
                up = accumulate(even, _SIXTH[k - 1], g, y, self.y, live)
                true[k - 1] += sign * up
                odd[k - 1] += sign * (up - rise(d, placed, self.x, free))
                if not self._tuned:
                    self._tune(y)
                del placed, y  # before the next evaluation, which may need the memory
        high, low = float(odd @ _SIX) / step, float(odd @ _FOUR) / step
        root, total, size = norms(g, even)
        error = abs(high - low) + max(_ROUNDING * max(root, abs(total)), self.eps * scale) / step
        kink = size * _BENT / (2 * step)
        if not np.isfinite(error + kink):
            return Slope(np.nan, np.inf, 0.0, np.inf, step)
        return Slope(-high, float(error), abs(float(true @ _SIX)) / step, kink, step)

    def quick(self, g: np.ndarray, d: np.ndarray, u: np.ndarray, step: float) -> float:
        """Return ⟨d − t, u⟩ from four evaluations, without an error bar."""
        g, d, u = self.masked(g), self._freed(d), self._freed(u)
        live, free = self._masks()
        total = 0.0
        for k, weight in ((1, _FOUR[0]), (2, _FOUR[1])):
            for sign in (1, -1):
                placed, y = self.at(self.x + sign * k * step * u, borrow=True)
                odd = rise(d, placed, self.x, free) - rise(g, y, self.y, live)
                total += sign * weight * odd
        return float(total / step)

    def _masks(self) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Return which outputs and entries count; ``None`` for all."""
        live = None if self._every_output else self.live
        return live, None if self._every_entry else self.free

    def slope(
        self,
        g: np.ndarray,
        d: np.ndarray,
        u: np.ndarray,
        *,
        floor: float = 0.0,
        factor: float = 1.0,
        goal: float = GOAL,
    ) -> Slope:
        """Compare d with f along u, at the step where the error bar is smallest.

        A step whose error bar is ``goal`` of the slope, or less, is good enough.
        """
        g, d, u = self.masked(g), self._freed(d), self._freed(u)
        scale = self.weight(g, d)
        length = norm(d)
        found: list[Slope] = []
        for rung in _LADDER:
            eps = self.eps
            found.append(self.line(g, d, u, self.step * rung * factor, scale))
            if self.eps != eps:  # f holds fewer digits than its dtype: begin again with wider steps
                return self.slope(g, d, u, floor=floor, factor=factor, goal=goal)
            last = found[-1]
            weight = max(last.size, length)
            enough = max(goal * weight, 3 * floor, 100 * self.eps ** (6 / 7) * weight)
            if last.error <= enough:
                return last
        best, second = sorted(found, key=lambda s: s.error)[:2]
        gap = abs(best.residual - second.residual)
        if gap > 8 * (best.error + second.error):
            best = replace(best, error=max(best.error, gap))
        bent = best.error > best.kink / 20 and any(
            0.5 * b.kink < a.kink < 2 * b.kink and b.kink > 1e-6 * max(b.size, length, 1e-3 * scale)
            for a, b in pairwise(found)
            if np.isfinite(a.kink + b.kink)
        )
        return replace(best, bent=bent)

    def persists(self, g: np.ndarray, d: np.ndarray, u: np.ndarray, slope: Slope) -> bool:
        """Tell a wrong derivative from a badly measured one: its difference stays as h → 0."""
        g, d, u = self.masked(g), self._freed(d), self._freed(u)
        scale = self.weight(g, d)
        found = abs(slope.residual)
        for ratio in (1 / 8, 1 / 3):
            if self.eps * scale * 8 < found * slope.step * ratio:
                closer = self.line(g, d, u, slope.step * ratio, scale)
                return abs(closer.residual - slope.residual) < 0.4 * found
        wider = self.line(g, d, u, slope.step * 3, scale)
        return abs(wider.residual - slope.residual) < 0.6 * found

    def differentiable(self, g: np.ndarray, u: np.ndarray, v: np.ndarray) -> bool:
        """Return whether the slopes along u, v and u + v add up, as a derivative's do.

        Those of the median do not where its entries tie, though along no line there is a kink.
        """
        zero = np.zeros(self.x.size)
        one, two, both = (self.slope(g, zero, w) for w in (u, v, u + v))
        error = one.error + two.error + both.error
        size = one.size + two.size + both.size
        gap = abs(both.residual - one.residual - two.residual)
        return not gap > 8 * error + 1e-3 * size

    def _tune(self, y: np.ndarray) -> None:
        """Notice a forward pass that computes in fewer bits than its dtype says."""
        self._tuned = True
        held = digits(y)
        if held > self.eps and not np.array_equal(y, self.y):
            self.eps = held

    def column(self, j: int, step: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return ∂y/∂x_j with its error bar, and half the jump of the one-sided slopes."""
        high, low, sixth = (np.zeros(self.y.size) for _ in range(3))
        for k in (1, 2, 3):
            places, values = [], []
            for sign in (1, -1):
                moved = self.x.copy()
                moved[j] += sign * k * step
                placed, y = self.at(moved)
                places.append(placed[j])
                values.append(y)
            width = (places[0] - places[1]) / (2 * k) or step
            change = (values[0] - values[1]) / width
            high += _SIX[k - 1] * change
            low += _FOUR[k - 1] * change
            sixth += _SIXTH[k - 1] / width * (values[0] + values[1] - 2 * self.y)
        noise = self.eps * (np.abs(self.y) + np.abs(self.x[j] * high)) / step
        error = np.abs(high - low) + np.maximum(_ROUNDING * np.abs(sixth), noise)
        return high, error, np.abs(sixth) * (_BENT / 2)
