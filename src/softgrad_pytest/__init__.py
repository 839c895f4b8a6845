"""The pytest plugin: a test for each row of the battery, and failures that can be read.

::

    @pytest.mark.gradient
    def test_softmax(gradient_case):
        gradient_case.check(softmax, (x,), vjp=softmax_backward)

runs once for the example and once for each row of the battery, such as
``test_softmax[ties]``. ``@pytest.mark.gradient("example", "ties")`` chooses among them.

A failing check, made here or by ``softgrad.testing.assert_gradient``, is shown as its report;
``-v`` adds a program that shows the difference without softgrad, ``--gradient-html=DIR`` writes the
report as a page, and ``--junit-xml`` gets the bug's name and the seed as properties.

This module is apart from ``softgrad`` because pytest imports it in every session: it imports
nothing that pytest has not imported already until a test asks for it.
"""

import re
import sys
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

MARK = "gradient(*names): run once for the example and each row of softgrad's battery, or for these"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--gradient-html``."""
    parser.getgroup("softgrad").addoption(
        "--gradient-html",
        metavar="DIR",
        type=Path,
        help="write the report of each failing gradient check into this folder, as a page",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark; refuse an option that cannot be served."""
    config.addinivalue_line("markers", MARK)
    if config.getoption("--gradient-html", None) and find_spec("jinja2") is None:
        raise pytest.UsageError(
            '--gradient-html needs Jinja2, which is not installed: pip install "softgrad[report]"'
        )


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each case where the mark asks for it."""
    mark = metafunc.definition.get_closest_marker("gradient")
    if mark is None:
        return
    if "gradient_case" not in metafunc.fixturenames:
        pytest.fail(
            f"{metafunc.definition.name} must take the fixture gradient_case", pytrace=False
        )
    if mark.kwargs or not all(isinstance(name, str) for name in mark.args):
        pytest.fail("the mark gradient takes names of cases only", pytrace=False)
    from softgrad.errors import ArgumentError
    from softgrad.testing import gradient_cases

    try:
        cases = gradient_cases(*mark.args)
    except ArgumentError as error:
        pytest.fail(str(error), pytrace=False)
    ids = [case.name.replace(" ", "_") for case in cases]
    metafunc.parametrize("gradient_case", cases, ids=ids)


@pytest.fixture
def gradient_case() -> Any:
    """Return where to check: ``gradient_case.check(f, inputs, vjp=…)``."""
    pytest.fail("gradient_case is for tests with @pytest.mark.gradient", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a failing check as its report, and keep its name and seed."""
    wrong = _wrong(call)
    if wrong is None:
        return (yield)
    item.user_properties += [
        ("gradient", wrong.report.verdict),
        ("gradient_bug", wrong.report.bug or ""),
        ("gradient_seed", wrong.report.seed),
    ]
    folder = item.config.getoption("--gradient-html")
    if folder is not None:
        item.user_properties.append(("gradient_html", str(_page(wrong.report, folder, item))))
    report = yield
    report.longrepr = _shown(item, call, wrong.report)
    return report


def _shown(item: pytest.Item, call: pytest.CallInfo[None], report: Any) -> Any:
    """Return the report's text and the line of the test, in place of a traceback."""
    assert call.excinfo is not None
    shown = call.excinfo.getrepr(style="value")
    if crash := getattr(shown, "reprcrash", None):
        crash.message = crash.message.partition(": ")[2].partition("\n")[0]
    path, line, _ = item.location
    here = call.excinfo.traceback.cut(path=item.path)
    if report.snippet and item.config.get_verbosity() > 0:
        shown.addsection("a program that shows this without softgrad", report.snippet)
    shown.addsection("where", f"{path}:{(here[0].lineno if here else line or 0) + 1}")
    return shown


def _wrong(call: pytest.CallInfo[None]) -> Any:
    """Return the failure of a check; none can have happened where nothing was imported."""
    known = sys.modules.get("softgrad.testing.assertions")
    if known is None or call.excinfo is None:
        return None
    value = call.excinfo.value
    return value if isinstance(value, known.WrongGradient) else None


def _page(report: Any, folder: Path, item: pytest.Item) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (re.sub(r"[^\w.=-]+", "-", item.nodeid).strip("-") + ".html")
    report.to_html(path)
    return path
