"""What a wrong backward pass did to training, in words that follow from the measured numbers."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from softgrad.demo.backwards import RIGHT, WRONG, Backward
from softgrad.demo.study import Runs, Study
from softgrad.demo.train import LOSSES, Loss

__all__ = ["Verdict", "judge", "percent", "summary"]

Kind: TypeAlias = Literal["cripples", "slows", "hides", "too early"]
IN_WORDS: dict[Kind, str] = {
    "cripples": "cripples {}",
    "slows": "only slows {}",
    "hides": "does not show in {}",
    "too early": "says nothing yet about {}",
}
KINDS = list(IN_WORDS)


@dataclass(frozen=True)
class Verdict:
    """One word, and the numbers it rests on."""

    kind: Kind
    sentence: str


def judge(study: Study, loss: Loss, backward: Backward) -> Verdict:
    """Compare a wrong backward pass with the right one.

    It *cripples* if it covers less than half of the way from guessing to the right one's accuracy;
    it *slows* if it falls short by more than 1 point, needs over 1.5 times the epochs to come
    within a tenth of the right one's accuracy, or loses 5 points in one run; otherwise it *hides*.
    """
    runs, right = study.at_rate(loss, backward), study.at_rate(loss, RIGHT)
    mine, goal = runs.final.mean(), right.final.mean()
    if goal < 2 * study.chance:
        return Verdict(
            "too early", f"the right one is only at {percent(goal)} itself: train longer."
        )
    if mine - study.chance < (goal - study.chance) / 2:
        return Verdict("cripples", _crippled(study, loss, backward, runs))
    mark = 0.9 * goal
    when, due = runs.reached(mark), right.reached(mark) or study.epochs
    late = when is None or when > 1.5 * due
    if mine < goal - 0.01 or runs.final.min() < goal - 0.05 or late:
        return Verdict("slows", _slowed(study, loss, backward, mark, when, due))
    return Verdict("hides", f"{percent(mine)} against {percent(goal)}: accuracy does not show it.")


def summary(study: Study) -> list[str]:
    """Return one line for each way in which training suffered, the worst first."""
    told: dict[tuple[Kind, ...], list[str]] = {}
    for backward in WRONG:
        kinds = tuple(judge(study, loss, backward).kind for loss in LOSSES)
        told.setdefault(kinds, []).append(backward.name)
    order = sorted(told, key=lambda kinds: [KINDS.index(kind) for kind in kinds])
    return [f"{_with_losses(kinds)}: {', '.join(told[kinds])}." for kinds in order]


def _with_losses(kinds: tuple[Kind, ...]) -> str:
    first, *rest = ((IN_WORDS[kind], loss.name) for kind, loss in zip(kinds, LOSSES, strict=True))
    said = first[0].format("training")
    said = said[0].upper() + said[1:]
    if len(set(kinds)) == 1:
        return f"{said} with either loss"
    others = [f"{words.format('it')} with {name}" for words, name in rest]
    return ", ".join([f"{said} with {first[1]}", *others])


def percent(share: float) -> str:
    """Return a share in per cent, without the blank at which a line would be broken."""
    return f"{100 * share:.0f}%"


def _crippled(study: Study, loss: Loss, backward: Backward, runs: Runs) -> str:
    accuracy = runs.final
    parts = [f"ends at {percent(accuracy.mean())} (guessing: {percent(study.chance)})."]
    if accuracy.max() - accuracy.min() > 0.1:
        parts.append(f"From {percent(accuracy.min())} to {percent(accuracy.max())} by seed.")
    if runs.diverged:
        parts.append("The weights overflow to NaN.")
    peak, rate, epoch, end = _peak(study, loss, backward)
    if peak < 1.5 * study.chance:
        parts.append("No learning rate tried helps.")
    elif end < peak - 0.02:
        parts.append(
            f"At best it touches {percent(peak)} (rate {rate:g}, epoch {epoch}) and falls back "
            f"to {percent(end)}."
        )
    else:
        parts.append(f"With the rate at {rate:g} it reaches {percent(peak)}.")
    return " ".join(parts)


def _slowed(
    study: Study, loss: Loss, backward: Backward, mark: float, when: int | None, due: int
) -> str:
    runs, right = study.at_rate(loss, backward), study.at_rate(loss, RIGHT)
    epochs = f"at epoch {when}" if when else f"not within {study.epochs} epochs"
    parts = [
        f"ends at {percent(runs.final.mean())} instead of {percent(right.final.mean())}; "
        f"passes {percent(mark)} {epochs} (right: {due})."
    ]
    if runs.final.max() - runs.final.min() > 0.05:
        parts.append(f"Its worst seed ends at {percent(runs.final.min())}.")
    best, rate = _best_end(study, loss, backward)
    if best > runs.final.mean() + 0.01 and rate != runs.rate:
        parts.append(f"With the rate at {rate:g} it ends at {percent(best)}.")
    return " ".join(parts)


def _peak(study: Study, loss: Loss, backward: Backward) -> tuple[float, float, int, float]:
    """Return the best mean accuracy at any rate and epoch, that rate and epoch, and its end."""
    moments = [
        (float(accuracy), runs.rate, epoch, float(runs.final.mean()))
        for runs in study.runs[loss.name, backward.name]
        for epoch, accuracy in enumerate(runs.accuracy.mean(axis=0), 1)
    ]
    return max(moments, key=lambda moment: moment[0])


def _best_end(study: Study, loss: Loss, backward: Backward) -> tuple[float, float]:
    ends = [(float(r.final.mean()), r.rate) for r in study.runs[loss.name, backward.name]]
    return max(ends)
