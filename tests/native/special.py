"""Rows of special numbers, every combination of a few, and what portable Python makes of them."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product

import numpy as np
from native.harness import Call
from native.measure import Precision

from softgrad.axis import Axis
from softgrad.backends import portable
from softgrad.declare import Member
from softgrad.family.entmax import ENTMAX
from softgrad.family.log_sigmoid import LOG_SIGMOID
from softgrad.family.log_softmax import LOG_SOFTMAX
from softgrad.family.logsumexp import LOGSUMEXP
from softgrad.family.sigmoid import SIGMOID
from softgrad.family.softmax import SOFTMAX
from softgrad.family.softplus import SOFTPLUS
from softgrad.structure import Centering, Diagonal, Functional, Structure, WeightedCentering
from softgrad.structure.dyad import Dyad

__all__ = ["TABLES", "encoded", "portably"]

NAN, INF = np.nan, np.inf
AXIS = Axis(-1)

NUMBERS = (0.5, -2.0, NAN, INF, -INF)
WEIGHTS = (0.0, 0.25, 1.0)
LONG = (17, 130, 2500)
"""Lengths of rows whose first, middle and last entries are special."""


def _rows(*alphabets: tuple) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield arrays, one per alphabet, whose rows together are every combination there is."""
    letters = list(product(*alphabets))
    for n in (1, 2, 3):
        words = list(product(letters, repeat=n))
        if len(words) > 3000:
            chosen = np.random.default_rng(n).choice(len(words), 3000, replace=False)
            words = [words[i] for i in chosen]
        yield tuple(
            np.array([[letter[k] for letter in word] for word in words]).astype(type(alphabet[0]))
            for k, alphabet in enumerate(alphabets)
        )


def _long_rows(base: float) -> Iterator[tuple[np.ndarray]]:
    for n in LONG:
        words = np.array(list(product(NUMBERS, repeat=3)))
        x = np.full((len(words), n), base)
        x[:, [0, n // 2, n - 1]] = words
        yield (x,)


def _logits(base: float = 0.25) -> Iterator[tuple[np.ndarray, ...]]:
    yield from _rows(NUMBERS)
    yield from _long_rows(base)
    yield from _long_rows(-INF)


def _per_row(arrays: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    p, g = arrays
    return p, np.ascontiguousarray(g[:, 0])


def _elements(count: int) -> Iterator[tuple[np.ndarray, ...]]:
    numbers = (*NUMBERS, 0.0, -0.0, 300.0, -300.0, 1e4, -1e4, 1e-7)
    words = np.array(list(product(numbers, repeat=count)))
    yield tuple(words[:, k : k + 1] for k in range(count))


_LOGISTIC = [
    name + end for name in ("sigmoid", "log_sigmoid", "softplus") for end in ("", "_fields")
]
_OF_LOGITS = [
    name + end
    for name in ("softmax", "log_softmax", "logsumexp")
    for end in ("", "_fields")
    if name + end != "softmax_fields"
]
_SPARSE = [name + end for name in ("sparsemax", "entmax15") for end in ("", "_fields")]
_TABLES: dict[str, Callable[[], Iterator[tuple[np.ndarray, ...]]]] = {
    **dict.fromkeys(_OF_LOGITS, _logits),
    **dict.fromkeys(_SPARSE, lambda: _logits(-2.0)),  # tiny entries have the largest's error
    "weighted_centering": lambda: _rows(WEIGHTS, NUMBERS),
    "centering": lambda: _rows(WEIGHTS, NUMBERS, (True, False)),
    "centering_transposed": lambda: _rows(WEIGHTS, NUMBERS, (True, False)),
    "weighted_centering_bend": lambda: _rows(WEIGHTS, (0.0, -0.5, 2.0), NUMBERS),
    "centering_bend_transposed": lambda: _rows((0.0, -0.5, 2.0), NUMBERS, (True, False)),
    "functional": lambda: _rows((*WEIGHTS, NAN, INF), NUMBERS),
    "functional_transposed": lambda: map(_per_row, _rows((*WEIGHTS, NAN, INF), NUMBERS)),
    "diagonal": lambda: _elements(2),
    "dyads": lambda: _rows((0.0, 0.25, NAN, INF), NUMBERS, (0.5, NAN)),
    **dict.fromkeys(_LOGISTIC, lambda: _elements(1)),
}


def _as_read(make: Callable, precision: Precision) -> Iterator[tuple[np.ndarray, ...]]:
    for arrays in make():
        yield tuple(a if a.dtype == bool else precision.decode(precision.encode(a)) for a in arrays)


TABLES = {name: partial(_as_read, make) for name, make in _TABLES.items()}
"""For each kernel, arrays as float64 or boolean; cross-entropy has tests of its own."""


def _solved(member: Member, **constants: float) -> Callable:
    axis = AXIS if member.along_axis else None
    return lambda x: portable.solve(member, axis, (x,), constants)


def _method(method: Callable, make: Callable) -> Callable:
    """Return the portable form of a structure's method, on arrays as its kernel takes them."""
    reference = getattr(method, "__wrapped__")  # noqa: B009
    return lambda p, t, *rest: (reference(make(p, *rest), t),)


_MEMBERS = {
    "softmax": _solved(SOFTMAX),
    "log_softmax": _solved(LOG_SOFTMAX, empty=-INF),
    "logsumexp": _solved(LOGSUMEXP),
    "sparsemax": _solved(ENTMAX, alpha=2.0),
    "entmax15": _solved(ENTMAX, alpha=1.5),
    "sigmoid": _solved(SIGMOID),
    "log_sigmoid": _solved(LOG_SIGMOID),
    "softplus": _solved(SOFTPLUS),
}


def _plainly(method: str, structure: Structure, t: np.ndarray) -> tuple[np.ndarray]:
    """Return what the portable form of a structure's method makes of t."""
    return (getattr(type(structure), method).__wrapped__(structure, t),)


_STRUCTURES = {
    "weighted_centering": _method(WeightedCentering.mv, lambda s: WeightedCentering(s, AXIS)),
    "centering": _method(Centering.mv, lambda p, live: Centering(p, live, AXIS)),
    "centering_transposed": _method(Centering.rmv, lambda p, live: Centering(p, live, AXIS)),
    "functional": _method(Functional.mv, lambda p: Functional(p, AXIS)),
    "functional_transposed": _method(Functional.rmv, lambda p: Functional(p, AXIS)),
    "diagonal": _method(Diagonal.mv, Diagonal),
    "weighted_centering_bend": lambda s, ds, t: _plainly(
        "mv", WeightedCentering(s, AXIS).bend(WeightedCentering(ds, AXIS)), t
    ),
    "centering_bend_transposed": lambda dp, g, live: _plainly(
        "rmv", Centering(dp, live, AXIS).bend(Centering(dp, live, AXIS)), g
    ),
    "dyads": lambda *uvd: (Dyad(*uvd).formed(),),
}


def portably(kernel: str, arrays: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Return what the portable path makes of a kernel's arrays, in float64."""
    found = {**_MEMBERS, **_STRUCTURES}[kernel.removesuffix("_fields")]
    with np.errstate(all="ignore"):
        fields = found(*arrays)
    return fields if kernel.endswith("_fields") else fields[:1]


def encoded(kernel: str, arrays: tuple[np.ndarray, ...], precision: Precision) -> Call:
    """Return the call of a kernel on arrays of a table, with an ordinary row behind each."""
    given = [
        np.repeat(a, 2, axis=0) if a.dtype == bool else precision.encode(np.repeat(a, 2, axis=0))
        for a in arrays
    ]
    for array in given:
        array[1::2] = array[_ordinary(arrays)]
    n = 1 if kernel.endswith("_fields") and given[0].shape[1] == 1 else given[0].shape[1]
    return Call(kernel, n, [np.ascontiguousarray(a) for a in given], (-INF,))


def _ordinary(arrays: tuple[np.ndarray, ...]) -> int:
    """Return the place, among the doubled rows, of the first in which all is finite."""
    finite = [np.isfinite(a.reshape(len(a), -1)).all(1) for a in arrays]
    return 2 * int(np.argmax(np.all(finite, axis=0)))
