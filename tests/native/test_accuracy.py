"""Every kernel of every target against extended precision, which is checked against mpmath."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from native.calls import GROUPS
from native.harness import TARGETS, Call, compute, write_jobs
from native.measure import PRECISIONS, Expected, Precision
from native.stress import logits, numbers

pytest.importorskip("softgrad._native", exc_type=ImportError)

from native.layout import entries

if np.finfo(np.longdouble).nmant < 60:
    pytest.skip("needs a long double wider than double", allow_module_level=True)


def cases(group: str, precision: Precision) -> dict[str, np.ndarray]:
    if group == "elementwise":
        return numbers(precision)
    # weights of structures are no logits; single outcomes of 1e38 cost more than float32 holds
    return logits(precision, by_block=group not in ("structures", "binary cross_entropy"))


def and_in_lanes(call: Call) -> Iterator[Call]:
    """Yield a call, and the same along an axis where each lane of a vector holds a row."""
    known = replace(call, truths=cache(call.truths))
    yield known
    if call.n <= 20 or 1000 <= call.n <= 4096:  # loops over lanes know no length but n mod 4
        yield replace(known, inner=33, note=f"{call.note} in lanes")


IN_LANES = ("softmax", "structures")
"""Groups with kernels that take rows in lanes."""


@pytest.mark.parametrize("precision", PRECISIONS.values(), ids=PRECISIONS)
@pytest.mark.parametrize("group", GROUPS)
def test_every_output_within_its_bound(group, precision, tmp_path):
    named = [(name, x) for name, x in cases(group, precision).items()]
    calls = [
        (name, each)
        for name, x in named
        for call in GROUPS[group](x, precision)
        for each in (and_in_lanes(call) if group in IN_LANES else [call])
    ]
    every = [call for _, call in calls]
    write_jobs(tmp_path / "jobs.npz", every)
    found = {t: compute(t, tmp_path / "jobs.npz", every) for t in TARGETS}
    outside = {}
    while calls:  # so that a truth is forgotten when it has been used
        name, call = calls.pop(0)
        letters = entries()[call.kernel].outputs
        outputs = {t: next(f) for t, f in found.items()}
        with np.errstate(all="ignore"):
            known = call.truths()
        for k, truths in enumerate(known):
            stored = precision if letters[k] != "d" else PRECISIONS["float64"]
            for truth in truths:
                expected = Expected(truth, precision.work, stored)
                for t, arrays in outputs.items():
                    error = expected.error(stored.decode(arrays[k]))
                    if not error <= truth.bound:
                        outside[t, call.kernel, call.note, truth.name, name] = error
    assert outside == {}
