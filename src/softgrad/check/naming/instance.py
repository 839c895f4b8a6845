"""A small instance of a wrong derivative: its true Jacobian beside the claimed one."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from softgrad.check.locate.columns import Columns
from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import Probe, direction
from softgrad.check.naming.guess import Guess, distance
from softgrad.check.report.finding import Finding, Picture
from softgrad.check.subject.subject import Subject

__all__ = ["MOST_OUTPUTS", "Instance", "Pair", "is_diagonal"]

MOST_OUTPUTS = 640
_MOST_SHOWN = 64


@dataclass
class Pair:
    """The Jacobian of all outputs with respect to one input, measured and claimed.

    Parameters
    ----------
    name
        The input.
    true, claimed
        Arrays of shape (outputs, entries).
    tolerance
        Entries closer than this are equal.
    eps
        The unit roundoff of the claim.
    x, y
        The input and the output; ``y`` is ``None`` where there are several outputs.
    outputs
        The outputs' shapes.
    """

    name: str
    true: np.ndarray
    claimed: np.ndarray
    tolerance: float
    eps: float
    x: np.ndarray
    y: np.ndarray | None
    outputs: tuple[tuple[int, ...], ...]

    @cached_property
    def live(self) -> np.ndarray:
        """Where the true Jacobian is not zero."""
        return np.abs(self.true) > self.tolerance

    @cached_property
    def filled(self) -> np.ndarray:
        """Where the claimed Jacobian is not zero."""
        return np.abs(self.claimed) > self.tolerance

    @cached_property
    def right(self) -> np.ndarray:
        """Where the claimed Jacobian is right."""
        return np.abs(self.claimed - self.true) <= self.tolerance

    @property
    def elementwise(self) -> bool:
        """Whether input and output have one shape."""
        return self.y is not None and self.y.shape == self.x.shape

    @property
    def scale(self) -> float:
        """The largest entry of the true Jacobian."""
        return float(np.abs(self.true).max(initial=0.0))

    def close(self, a: np.ndarray, b: np.ndarray) -> bool:
        """Return whether two Jacobians are equal within the measurement."""
        return bool(np.abs(a - b).max(initial=0.0) <= 4 * self.tolerance)

    def guess(
        self, bug: str, evidence: str, predicted: np.ndarray, fits: bool | None = None
    ) -> Guess:
        """Return the guess that the claimed Jacobian is ``predicted``."""
        if fits is None:
            fits = self.close(self.claimed, predicted)
        residual = distance(self.claimed, predicted)
        return Guess(Finding(bug, f"{self.name}: {evidence}", residual=residual), fits, predicted)

    def place(self, bug: str, evidence: str, explained: np.ndarray) -> Guess:
        """Return a guess that fits and says where the claim is wrong: where ``explained`` is."""
        predicted = np.where(explained, self.claimed, self.true)
        return self.guess(bug, evidence, predicted, fits=True)


def is_diagonal(matrix: np.ndarray, slack: float = 1e-7) -> bool:
    """Return whether a square matrix has nothing beside its diagonal."""
    beside = matrix - np.diag(np.diag(matrix))
    return not (np.abs(beside) > slack * np.abs(matrix).max(initial=0.0)).any()


class Instance:
    """A subject with everything measured that naming needs.

    ``whole`` is what the probe saw at the example that this one was cut from, if it was.
    """

    def __init__(
        self, instrument: Instrument, columns: Columns, seed: int, whole: Probe | None = None
    ) -> None:
        self.instrument, self.whole = instrument, whole
        self.subject: Subject = instrument.subject
        self.columns = columns
        self.rng = np.random.default_rng(seed)

    @cached_property
    def claimed(self) -> np.ndarray:
        """The claimed Jacobian, one pull per output; non-finite entries are 0."""
        m = self.instrument.y.size
        rows = np.zeros((m, self.subject.n))
        for i in np.flatnonzero(self.instrument.live):
            g = np.zeros(m)
            g[i] = 1.0
            rows[i] = np.nan_to_num(self.subject.pull(g).flat, nan=0.0, posinf=0.0, neginf=0.0)
        return rows

    @cached_property
    def pairs(self) -> list[Pair]:
        """The Jacobians with respect to each measured input."""
        return [self._pair(name) for name in self.columns.names]

    def _pair(self, name: str) -> Pair:
        where = self.subject.slices[name]
        inside = (self.columns.index >= where.start) & (self.columns.index < where.stop)
        true = self.columns.jacobian[:, inside]
        error = self.columns.error[:, inside]
        scale = float(np.abs(true).max(initial=0.0))
        eps = self.subject.eps
        usual = float(np.median(error[true != 0])) if true.any() else 0.0
        tolerance = max(2e-8 * scale, 4 * usual, 32 * eps * scale)
        shapes = tuple(shape for shape, _ in self.subject.outputs)
        single = len(shapes) == 1
        return Pair(
            name,
            true,
            self.claimed[:, where],
            min(tolerance, max(1e-2, 2 * eps) * scale) if scale else tolerance,
            eps,
            self.subject.arrays[name],
            self.instrument.y.reshape(shapes[0]) if single else None,
            shapes,
        )

    @cached_property
    def pictures(self) -> tuple[Picture, ...]:
        """The Jacobians that are small enough to be looked at and wrong."""
        outputs = self.pairs[0].outputs if self.pairs else ()
        shape = outputs[0] if len(outputs) == 1 else (self.instrument.y.size,)
        return tuple(
            Picture(p.name, p.claimed, p.true, shape, p.x.shape)
            for p in self.pairs
            if max(p.true.shape) <= _MOST_SHOWN and not p.right.all()
        )

    def cotangents(self, count: int) -> list[np.ndarray]:
        """Return random upstream gradients."""
        m = self.instrument.y.size
        return [self.instrument.masked(direction(self.rng, m)) for _ in range(count)]
