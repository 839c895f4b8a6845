"""One case of one call, in one dtype: every row, layout, direction and order, beside the truth."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from softgrad.survey.batch import FIRST_AXIS, Batch, Trial
from softgrad.survey.cases import Case
from softgrad.survey.judge import Judgement, judge
from softgrad.survey.library import ORDERS, Call, Library
from softgrad.survey.program import Program, release
from softgrad.survey.report.report import FAILING, Cell, Measurement
from softgrad.survey.rows import UPSTREAMS, Row
from softgrad.survey.truth import Truth

__all__ = ["Subject", "Truths"]


class Truths:
    """Exact results by member, arguments and row, computed when they are asked for."""

    def __init__(self) -> None:
        self._known: dict[Any, Truth] = {}

    def of(self, case: Case, row: Row, call: Call) -> Truth:
        """Return what is exact of a case at a row."""
        given = case.arguments(row, call)
        written = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in given.items()}
        key = (case.function.name, repr(written))
        if key not in self._known:
            self._known[key] = Truth(case.function, given)
        return self._known[key]


@dataclass(frozen=True, eq=False)
class _Tried:
    """A measurement with where it came from."""

    made: Measurement
    batch: Batch
    i: int
    entry: int = 0


@dataclass(frozen=True, eq=False)
class Subject:
    """One case of one call of a library in one dtype."""

    library: Library
    call: Call
    case: Case
    dtype: str
    truths: Truths
    _strayed: set[str] = field(default_factory=set)

    def cells(self) -> Iterator[Cell]:
        """Yield a cell for every order."""
        for order in ORDERS:
            offered = order in self.library.dialect.orders and self.case.offered(self.call)
            tried = list(self._tried(order)) if offered else []
            strays = [each for each in tried if each.made.verdict != "ok"]
            worst = max(strays, key=lambda each: each.made.badness, default=None)
            worst = self._alone(worst) if worst else None
            yield Cell(
                library=self.library.name,
                version=self.library.version,
                member=self.case.function.name,
                api=self.call.api,
                option=self.case.name,
                dtype=self.dtype,
                order=order,
                tried=len(tried),
                strays=tuple(each.made for each in strays),
                worst=worst.made if worst else None,
                snippet=self._snippet(worst) if worst else "",
            )

    def release(self) -> None:
        """Free what the library keeps of the calls."""
        release(self.library.dialect)

    def _tried(self, order: str) -> Iterator[_Tried]:
        apart = self.case.apart(self.call)
        groups: dict[Any, list[Trial]] = {}
        for row in self.case.rows(self.call):
            truth = self.truths.of(self.case, row, self.call)
            if order != "value" and not (truth.finite or row.why):
                continue
            for kind in ("random",) if order == "value" else UPSTREAMS:
                trial = Trial(row, truth, kind)
                groups.setdefault(row.x.shape[1] if apart else trial, []).append(trial)
        for layout, trials in product(self._layouts(order), groups.values()):
            batch = Batch(self.case, self.call, layout, self.dtype, order, trials)
            yield from self._batch(batch)

    def _layouts(self, order: str) -> Iterator[str]:
        yield ""
        if self.case.option or order in ("jvp", "second"):
            return
        if self.case.by_row and "axis" in self.call.offers:
            yield FIRST_AXIS
        yield from self.library.dialect.layouts

    def _batch(self, batch: Batch) -> Iterator[_Tried]:
        try:
            found = batch.parts(self._run(batch))
        except NotImplementedError:
            return
        except Exception as error:
            rows = dict.fromkeys(trial.row for trial in batch.trials)
            if len(rows) > 1:
                for row in rows:
                    few = [trial for trial in batch.trials if trial.row is row]
                    yield from self._batch(batch.of(few))
                return
            yield from self._raised(batch, error)
            return
        for i, trial in enumerate(batch.trials):
            result = self._judged(batch, trial, found[i])
            yield _Tried(self._told(batch, trial, result), batch, i, result.index)

    def _raised(self, batch: Batch, error: Exception) -> Iterator[_Tried]:
        """Yield what an exception is worth; where the row has no one meaning, it is one of them."""
        trial = batch.trials[0]
        verdict, told = "raises", f"{type(error).__name__}: {error}".strip().splitlines()[0]
        if trial.row.why:
            self._strayed.add(trial.row.name)
            verdict, told = "convention", trial.row.why
        if verdict == "raises" or batch.order == "value":
            kind = "" if batch.order == "value" else trial.kind
            made = Measurement(trial.row.name, batch.layout, kind, verdict, message=told)
            yield _Tried(made, batch, 0)

    def _judged(self, batch: Batch, trial: Trial, found: np.ndarray) -> Judgement:
        target = trial.truth.at(batch.order, self.dtype, *batch.directions(trial))
        result = judge(found, target, self.dtype)
        if batch.order == "value" and not (result.verdict == "ok" and np.isfinite(found).all()):
            self._strayed.add(trial.row.name)
        return result

    def _told(self, batch: Batch, trial: Trial, result: Judgement) -> Measurement:
        verdict, why = result.verdict, ""
        if verdict != "ok":
            why = self._convention(batch.order, trial.row)
            verdict = "convention" if why else verdict
        return Measurement(
            trial.row.name,
            batch.layout,
            "" if batch.order == "value" else trial.kind,
            verdict,
            ulp=result.ulp,
            claimed=result.claimed,
            true=result.true,
            message=why,
        )

    def _convention(self, order: str, row: Row) -> str:
        """Return why a difference is none of right and wrong; empty where it is one.

        Where the family chose a value and the library another, its derivatives are its own.
        """
        if row.why and row.name in self._strayed:
            return row.why
        chosen = (self.case.option, *self.call.fixed)
        return next((d.why for d in self.call.documented if d.covers(row.name, chosen, order)), "")

    def _program(self, batch: Batch) -> Program:
        memory = "" if batch.layout == FIRST_AXIS else batch.layout
        return Program(
            self.library,
            self.call,
            batch.order,
            self.dtype,
            memory,
            batch.arguments,
            {"g": batch.g, "t": batch.t},
        )

    def _run(self, batch: Batch) -> np.ndarray:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return self._program(batch).run()

    def _alone(self, worst: _Tried) -> _Tried:
        """Return what comes of the row alone, if that is as wrong as in the whole batch."""
        again = next(self._batch(worst.batch.of([worst.batch.trials[worst.i]])), worst)
        return again if again.made.verdict == worst.made.verdict else worst

    def _snippet(self, shown: _Tried) -> str:
        if shown.made.verdict not in FAILING:
            return ""
        what = [f"{self.library.title} {self.library.version}: {self.call.api}", self.case.name]
        what += [self.dtype, shown.batch.order, shown.made.where]
        return self._program(shown.batch).text(
            ", ".join(filter(None, what)),
            shown.batch.place(shown.i, shown.entry),
            shown.made.true,
        )
