"""True directional derivatives by finite differences, each with its own error bar."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from softgrad.check.precision import digits, epsilon
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["Instrument", "Slope"]

# Central stencils of order 6 and 4 at steps 1, 2, 3; their difference estimates the truncation.
_SIX = np.array([3 / 4, -3 / 20, 1 / 60])
_FOUR = np.array([2 / 3, -1 / 12, 0.0])
# From y(k) + y(−k) − 2y(0), k = 1, 2, 3: the sixth difference, which on a smooth function is all
# rounding, and the part proportional to |k|, which is nonzero only at a kink.
_SIXTH = np.array([15.0, -6.0, 1.0])
_BENT = np.array([2.5, -1.0, 1 / 6])
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
    so that the truth is known far better than the claim can be.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.x = subject.x
        self.narrow = subject.forward()
        self.wide = False
        self.y = self.narrow
        self.eps = max(subject.eps_out, subject.eps_in)
        if self.eps > epsilon("float64"):
            self._widen()
        self.live = np.isfinite(self.y) & np.isfinite(self.narrow)
        self.free = np.isfinite(self.x)
        self.excused = np.zeros(self.x.size, bool)
        self._tuned = False
        self._seen = self.y

    def _widen(self) -> None:
        narrow = self.subject.outputs
        self.subject.outputs = []
        try:
            y = self.subject.forward(wide=True)
            honoured = all(dtype == "float64" for _, dtype in self.subject.outputs)
        except CodeRaised:
            return
        finally:
            self.subject.outputs = narrow
        if not honoured or y.shape != self.narrow.shape:
            return
        both = np.isfinite(y) & np.isfinite(self.narrow)
        scale = np.abs(y[both]).max(initial=0.0)
        loose = max(1e-2, 16 * self.eps)
        if np.allclose(self.narrow[both], y[both], rtol=loose, atol=loose * scale):
            self.wide, self.y, self.eps = True, y, epsilon("float64")

    @property
    def step(self) -> float:
        """The step of the order-6 stencil that balances truncation and rounding."""
        return self.eps ** (1 / 7)

    def excuse(self, entries: np.ndarray) -> None:
        """Leave entries out of every comparison from now on."""
        self.excused |= entries
        self.free &= ~entries

    def at(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the exactly representable point next to ``x`` and f there."""
        placed = x if self.wide else self.subject.quantise(x)
        return placed, self.subject.forward(placed, wide=self.wide)

    def line(self, g: np.ndarray, d: np.ndarray, u: np.ndarray, step: float, scale: float) -> Slope:
        """Compare d with f along u at one step size."""
        odd, true, even = np.zeros(3), np.zeros(3), []
        for k in (1, 2, 3):
            plus, y_plus = self.at(self.x + k * step * u)
            minus, y_minus = self.at(self.x - k * step * u)
            rise = np.where(self.live, y_plus - y_minus, 0.0)
            moved = np.where(self.free, plus - minus, 0.0)
            true[k - 1] = np.sum(g * rise)
            odd[k - 1] = true[k - 1] - np.sum(d * moved)
            even.append(np.where(self.live, y_plus + y_minus - 2 * self.y, 0.0))
        self._seen = y_plus
        high, low = float(odd @ _SIX) / step, float(odd @ _FOUR) / step
        sixth = g * sum(w * e for w, e in zip(_SIXTH, even, strict=True))
        bent = g * sum(w * e for w, e in zip(_BENT, even, strict=True))
        measured = _ROUNDING * max(float(np.linalg.norm(sixth)), abs(float(sixth.sum())))
        error = abs(high - low) + max(measured, self.eps * scale) / step
        kink = float(np.abs(bent).sum()) / (2 * step)
        if not np.isfinite(error + kink):
            return Slope(np.nan, np.inf, 0.0, np.inf, step)
        return Slope(-high, float(error), abs(float(true @ _SIX)) / step, kink, step)

    def slope(
        self,
        g: np.ndarray,
        d: np.ndarray,
        u: np.ndarray,
        *,
        floor: float = 0.0,
        factor: float = 1.0,
    ) -> Slope:
        """Compare d with f along u, at the step where the error bar is smallest."""
        g, d, u = self.masked(g), np.where(self.free, d, 0.0), np.where(self.free, u, 0.0)
        scale = float(np.linalg.norm(np.where(self.live, g * self.y, 0.0)))
        scale += float(np.linalg.norm(np.where(self.free, self.x * d, 0.0)))
        norm = float(np.linalg.norm(d))
        found: list[Slope] = []
        for rung in _LADDER:
            found.append(self.line(g, d, u, self.step * rung * factor, scale))
            if len(found) == 1 and self._tune(self._seen):
                return self.slope(g, d, u, floor=floor, factor=factor)
            last = found[-1]
            weight = max(last.size, norm)
            goal = max(1e-9 * weight, 3 * floor, 100 * self.eps ** (6 / 7) * weight)
            if last.error <= goal:
                return last
        best, second = sorted(found, key=lambda s: s.error)[:2]
        gap = abs(best.residual - second.residual)
        if gap > 8 * (best.error + second.error):
            best = replace(best, error=max(best.error, gap))
        bent = best.error > best.kink / 20 and any(
            0.5 * b.kink < a.kink < 2 * b.kink and b.kink > 1e-6 * max(b.size, norm, 1e-3 * scale)
            for a, b in pairwise(found)
            if np.isfinite(a.kink + b.kink)
        )
        return replace(best, bent=bent)

    def persists(self, g: np.ndarray, d: np.ndarray, u: np.ndarray, slope: Slope) -> bool:
        """Tell a wrong derivative from a badly measured one: its difference stays as h → 0."""
        g, d, u = self.masked(g), np.where(self.free, d, 0.0), np.where(self.free, u, 0.0)
        scale = float(np.linalg.norm(np.where(self.live, g * self.y, 0.0)))
        scale += float(np.linalg.norm(np.where(self.free, self.x * d, 0.0)))
        found = abs(slope.residual)
        for ratio in (1 / 8, 1 / 3):
            if self.eps * scale * 8 < found * slope.step * ratio:
                closer = self.line(g, d, u, slope.step * ratio, scale)
                return abs(closer.residual - slope.residual) < 0.4 * found
        wider = self.line(g, d, u, slope.step * 3, scale)
        return abs(wider.residual - slope.residual) < 0.6 * found

    def _tune(self, y: np.ndarray) -> bool:
        """Notice a forward pass that computes in fewer bits than its dtype says."""
        if self._tuned:
            return False
        self._tuned = True
        held = digits(y)
        if held <= self.eps or np.array_equal(y, self.y):
            return False
        self.eps = held
        return True

    def masked(self, g: np.ndarray) -> np.ndarray:
        """Return ``g`` with zeros at outputs that are not finite."""
        return np.where(self.live, g, 0.0)

    def column(self, j: int, step: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return ∂y/∂x_j with its error bar, and half the jump of the one-sided slopes."""
        u = np.zeros(self.x.size)
        u[j] = 1.0
        high, low = np.zeros(self.y.size), np.zeros(self.y.size)
        bent, sixth = np.zeros(self.y.size), np.zeros(self.y.size)
        for k in (1, 2, 3):
            plus, y_plus = self.at(self.x + k * step * u)
            minus, y_minus = self.at(self.x - k * step * u)
            width = (plus[j] - minus[j]) / (2 * k) or step
            rise = y_plus - y_minus
            even = y_plus + y_minus - 2 * self.y
            high += _SIX[k - 1] / width * rise
            low += _FOUR[k - 1] / width * rise
            bent += _BENT[k - 1] / (2 * width) * even
            sixth += _ROUNDING * _SIXTH[k - 1] / width * even
        noise = self.eps * (np.abs(self.y) + np.abs(self.x[j] * high)) / step
        error = np.abs(high - low) + np.maximum(np.abs(sixth), noise)
        return high, error, np.abs(bent)
