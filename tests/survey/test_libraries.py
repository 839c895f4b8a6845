"""The libraries we know, those that are installed here, and those that other packages add."""

import inspect
import sys

import pytest

import softgrad
from softgrad.errors import ArgumentError
from softgrad.survey import registry
from softgrad.survey.library import ORDERS
from softgrad.survey.registry import known, library_named

QUICK = ("sigmoid", "softmax")

PACKAGE = """
import numpy as np
from softgrad.survey import Call, Library
from softgrad.survey.dialects import NUMPY


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


CALLS = {"softmax": (Call("toysurvey.softmax", softmax),)}
LIBRARY = Library("toysurvey", "Toy", "toysurvey", NUMPY, CALLS, dtypes=("float64",))


def made():
    return LIBRARY


def strange():
    return 3


def failing():
    raise RuntimeError("no licence")
"""

POINTS = """
[softgrad.survey]
toysurvey = toysurvey:LIBRARY
toymade = toysurvey:made
toystrange = toysurvey:strange
toyfailing = toysurvey:failing
"""


@pytest.fixture
def added(tmp_path, monkeypatch):
    """Install a package that adds libraries."""
    (tmp_path / "toysurvey.py").write_text(PACKAGE)
    info = tmp_path / "toysurvey-7.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toysurvey\nVersion: 7.1\n")
    (info / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(tmp_path)
    caches = (registry._added, registry._loaded)
    for cache in caches:
        cache.cache_clear()
    yield
    sys.modules.pop("toysurvey", None)
    for cache in caches:
        cache.cache_clear()


@pytest.mark.parametrize("name", ["toysurvey", "toymade"])
def test_another_package_adds_a_library(added, name):
    assert name in known()
    report = softgrad.survey([name], members=["softmax"], dtypes=["float64"])
    assert report.ok
    assert report.versions == {"toysurvey": "7.1"}
    assert {c.verdict for c in report.cells if c.order == "value" and not c.option} == {
        "convention"
    }


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("toystrange", "must be a softgrad.survey.Library; it is 3"),
        ("toyfailing", "cannot be loaded: RuntimeError: no licence"),
        ("nosuch", "library must be one of scipy, torch"),
    ],
)
def test_what_cannot_be_used_is_said(added, name, why):
    with pytest.raises(ArgumentError, match=why):
        softgrad.survey([name])


def test_a_library_that_is_not_installed_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    registry._own.cache_clear()
    monkeypatch.delitem(sys.modules, "softgrad.survey.libraries.scipy", raising=False)
    try:
        with pytest.raises(ArgumentError, match="scipy is not installed: pip install scipy"):
            softgrad.survey(["scipy"])
    finally:
        registry._own.cache_clear()


@pytest.mark.parametrize(
    "given", [{"members": ["softmx"]}, {"dtypes": ["float8"]}, {"members": []}]
)
def test_bad_arguments_are_named(given):
    (name,) = given
    with pytest.raises(ArgumentError, match=f"^{name} must be"):
        softgrad.survey(["scipy"], **given)


def installed(name):
    library = library_named(name)
    if library is None:
        pytest.skip(f"{name} is not installed")
    return library


@pytest.mark.parametrize("name", known())
def test_calls_are_written_in_the_members_own_words(name):
    for member, calls in installed(name).calls.items():
        function = softgrad.functions()[member]
        for call in calls:
            assert set(call.offers) <= set(function.parameters), call.api
            assert next(iter(call.offers)) == function.wrt[0]
            assert set(call.fixed) <= set(function.parameters)
            assert not set(call.fixed) & set(call.offers)
            assert inspect.getdoc(call.function)


@pytest.mark.parametrize("name", known())
def test_an_installed_library_is_called_as_it_wants_to_be(name):
    """Nothing raises, and on a moderate row nothing is wrong: what is found is no artefact."""
    library = installed(name)
    members = [member for member in QUICK if member in library.calls][:1]
    if not members:
        pytest.skip("it has losses only, which take long")
    report = softgrad.survey([name], members=members, dtypes=["float32"], options=False)
    tried = [cell for cell in report.cells if cell.tried]
    assert "value" in {cell.order for cell in tried} <= set(ORDERS)
    assert [(c.api, c.order, c.worst) for c in tried if c.verdict == "raises"] == []
    assert [c.api for c in tried for m in c.failures if m.row == "moderate"] == []


def test_torchs_confident_class_is_found():
    """Where a later release sees the fault, this fails and says so: it may then go."""
    pytest.importorskip("torch")
    members, dtypes = ["log_softmax"], ["float32"]
    report = softgrad.survey(["torch"], members=members, dtypes=dtypes, options=False)
    (cell,) = [
        c for c in report.cells if (c.api, c.order, c.option) == ("torch.log_softmax", "value", "")
    ]
    assert cell.verdict == "wrong"
    assert {m.row for m in cell.failures} >= {"confident by 20", "confident by 40"}
    assert cell.worst.claimed == 0
    assert cell.worst.true == pytest.approx(-7.436488e-09)
    assert cell.worst.ulp > 1e6
