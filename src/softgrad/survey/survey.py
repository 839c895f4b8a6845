"""The conformance of installed libraries."""

from collections.abc import Callable, Sequence

from softgrad.errors import ArgumentError
from softgrad.function import functions
from softgrad.survey.library import DTYPES, Library
from softgrad.survey.registry import known, library_named
from softgrad.survey.report.report import SurveyReport

__all__ = ["survey"]

Progress = Callable[[int, int | None, str], None]


def survey(
    libraries: Sequence[str | Library] | None = None,
    *,
    members: Sequence[str] | None = None,
    dtypes: Sequence[str] | None = None,
    options: bool = True,
    progress: Progress | None = None,
) -> SurveyReport:
    """Compare installed libraries' functions of the softmax family with the truth.

    Every call is made on rows that functions go wrong on (confident, saturated, large, tied,
    with −∞), in several memory layouts and along several axes, in each dtype, with each option
    that the library offers; its value, VJP, JVP and second derivative are compared with the
    member's definition in mpmath, for several kinds of upstream gradient. The bounds are those
    that the member's own record states.

    Parameters
    ----------
    libraries
        Their names, or :class:`~softgrad.survey.Library` records; by default all that are
        installed.
    members
        The members of the family, such as ``"softmax"``; by default all.
    dtypes
        Some of float64, float32, bfloat16 and float16; by default all.
    options
        Whether to try the options, or the bare members only.
    progress
        Called with what is done, how much there is, and what is tried.

    Returns
    -------
    SurveyReport
        A cell for each call, option, dtype and order: ``ok``; ``inaccurate``: beyond the bound;
        ``wrong``: off by more than 1 %, or not finite where the truth is; ``raises``;
        ``convention``: different where the library documents it or the family's record chose one
        of several meanings; ``not offered``.

    Raises
    ------
    ArgumentError
        A name that is not known, or a library that is named and not installed.

    Examples
    --------
    >>> import softgrad
    >>> report = softgrad.survey(["scipy"], members=["softmax"], dtypes=["float64"])
    >>> report.ok
    True
    """
    from softgrad.survey.cases import cases
    from softgrad.survey.measure import Subject, Truths

    names = _among("members", members, tuple(functions()))
    kinds = _among("dtypes", dtypes, DTYPES)
    chosen, absent = _libraries(libraries)
    truths = Truths()
    subjects = [
        Subject(library, call, case, dtype, truths)
        for library in chosen
        for name in names
        for call in library.calls.get(name, ())
        for case in cases(functions()[name])
        for dtype in kinds
        if dtype in library.dtypes and (options or not case.option)
    ]
    cells = []
    for done, subject in enumerate(subjects):
        if progress is not None:
            progress(done, len(subjects), f"{subject.library.name} {subject.case.function.name}")
        cells += subject.cells()
        if subject is subjects[-1] or subjects[done + 1].call is not subject.call:
            subject.release()
    versions = {library.name: library.version for library in chosen}
    return SurveyReport(tuple(cells), versions, kinds, absent)


def _libraries(given: Sequence[str | Library] | None) -> tuple[list[Library], tuple[str, ...]]:
    """Return the libraries that are meant, and the names of known ones that are not installed."""
    if given is None:
        found = {name: library_named(name) for name in known()}
        absent = tuple(name for name, library in found.items() if library is None)
        return [library for library in found.values() if library is not None], absent
    chosen = []
    for each in _listed("libraries", given):
        library = each if isinstance(each, Library) else library_named(each)
        if library is None:
            raise ArgumentError(f"the library {each} is not installed: pip install {each}")
        chosen.append(library)
    return chosen, ()


def _among(name: str, given: Sequence[str] | None, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the given names, or all; the order is that of ``allowed``."""
    if given is None:
        return allowed
    for each in _listed(name, given):
        if each not in allowed:
            raise ArgumentError(f"{name} must be among {', '.join(allowed)}; got {each!r}")
    return tuple(each for each in allowed if each in given)


def _listed(name: str, given: Sequence) -> Sequence:
    if isinstance(given, str) or not len(given):
        raise ArgumentError(f"{name} must be a list of one name or more; got {given!r}")
    return given
