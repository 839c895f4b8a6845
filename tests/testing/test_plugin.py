"""The pytest plugin, in test sessions of its own."""

import os
import subprocess
import sys
import xml.etree.ElementTree as xml

import pytest

pytest_plugins = ["pytester"]

SUITE = """
import pytest
from check.right import softmax
from softgrad.testing import assert_gradient
from testing.subjects import X, diagonal, right, unshifted
"""

MARKED = (
    SUITE
    + """
@pytest.mark.gradient("example", "large entries", "ties")
@pytest.mark.parametrize("vjp", [right, unshifted, diagonal])
def test_softmax(gradient_case, vjp):
    gradient_case.check(softmax, (X,), vjp=vjp)
"""
)

WRONG = (
    SUITE
    + """
def test_wrong():
    assert_gradient(softmax, (X,), vjp=diagonal, seed=3)

def test_other():
    assert 1 == 2
"""
)


CASE = "(gradient_case):\n    gradient_case"


@pytest.fixture
def session(pytester):
    """Return a function that runs pytest on one file in this process."""

    def run(text: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=text)
        plain = ["-p", "softgrad_pytest", "-p", "no:cacheprovider", "--strict-markers"]
        return pytester.runpytest_inprocess(*plain, "-W", "error", *options)

    return run


def test_each_row_is_a_test(session):
    result = session(MARKED, "-v")
    result.assert_outcomes(passed=5, failed=2, skipped=2)
    result.stdout.fnmatch_lines_random([
        "*test_softmax[[]right-example[]] PASSED*",
        "*test_softmax[[]right-ties[]] PASSED*",
        "*test_softmax[[]unshifted-example[]] PASSED*",
        "*test_softmax[[]unshifted-large_entries[]] FAILED*",
        "*test_softmax[[]diagonal-example[]] FAILED*",
        "*test_softmax[[]diagonal-ties[]] SKIPPED (the deri*",
    ])  # fmt: skip


def test_without_names_every_row_is_collected(session):
    from softgrad.testing import gradient_cases

    text = "import pytest\n@pytest.mark.gradient\ndef test(gradient_case):\n    pass\n"
    result = session(text, "--collect-only", "-q")
    assert f"{len(gradient_cases())} tests collected" in result.stdout.str()
    assert len(gradient_cases()) > 10
    result.stdout.fnmatch_lines(["test_it.py::test[[]example[]]", "test_it.py::test[[]ties[]]"])


def _line_of(code: str) -> int:
    return next(k for k, line in enumerate(WRONG.strip().splitlines(), 1) if code in line)


@pytest.mark.parametrize("options", [(), ("-v",)])
def test_a_failure_is_the_report_and_nothing_else(options, session):
    result = session(WRONG, *options)
    result.assert_outcomes(failed=2)
    lines = result.stdout.lines
    start = next(k for k, line in enumerate(lines) if "gradient: WRONG (diagonal_only)" in line)
    end = next(
        k for k, line in enumerate(lines) if f"test_it.py:{_line_of('diagonal, seed')}" in line
    )
    shown = lines[start:end]
    assert any("Fix:" in line for line in shown)
    assert any("seed 3" in line for line in shown)
    assert ("import numpy as np" in shown) is ("-v" in options)
    assert not any("def test_wrong" in line or "Traceback" in line for line in lines)
    assert max(map(len, shown)) <= 80
    result.stdout.fnmatch_lines(["*def test_other*", "*assert 1 == 2*"])
    result.stdout.fnmatch_lines(["FAILED test_it.py::test_wrong - gradient: WRONG (diagonal_only)"])


def test_pages_and_properties(session, pytester):
    pytest.importorskip("jinja2")
    session(WRONG, "--gradient-html=pages", "--junit-xml=junit.xml")
    (page,) = (pytester.path / "pages").iterdir()
    assert page.name == "test_it.py-test_wrong.html"
    assert "diagonal_only" in page.read_text(encoding="utf-8")
    cases = {case.get("name"): case for case in xml.parse("junit.xml").iter("testcase")}
    found = {p.get("name"): p.get("value") for p in cases["test_wrong"].iter("property")}
    assert found == {
        "gradient": "wrong",
        "gradient_bug": "diagonal_only",
        "gradient_seed": "3",
        "gradient_html": str(page.relative_to(pytester.path)),
    }
    assert "diagonal_only" in cases["test_wrong"].find("failure").get("message")
    assert not list(cases["test_other"].iter("property"))


def test_pages_need_jinja(session, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    result = session(WRONG, "--gradient-html=pages")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(['*pip install "softgrad[[]report[]]"*'])


@pytest.mark.parametrize(
    ("mark", "body", "words"),
    [
        ("gradient", "():\n    pass", "test must take the fixture gradient_case"),
        ("gradient('tiess')", CASE, "no gradient case is called 'tiess'"),
        ("gradient(vjp=1)", CASE, "takes names of cases only"),
        ("filterwarnings('error')", CASE, "for tests with @pytest.mark.gradient"),
        ("gradient('example')", f"{CASE}.check(abs, 1.0, battery=True)", "leave it out"),
    ],
)
def test_misuse(mark, body, words, session):
    result = session(f"import pytest\n@pytest.mark.{mark}\ndef test{body}\n")
    assert result.ret in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)
    assert words in result.stdout.str()


def test_it_shows_in_the_list_of_marks(session):
    assert "@pytest.mark.gradient(*names)" in session(SUITE, "--markers").stdout.str()


def python(folder, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_it_imports_nothing_but_pytest(tmp_path):
    code = """
import sys
import pytest
before = set(sys.modules)
import softgrad_pytest
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(new - set(sys.stdlib_module_names)))
"""
    done = python(tmp_path, "-c", code)
    assert (done.stdout.split(), done.stderr) == (["softgrad_pytest"], "")


def test_it_is_inert_where_it_is_not_used(tmp_path):
    names = ["numpy", "softgrad", "torch", "jax", "jinja2"]
    (tmp_path / "test_plain.py").write_text(
        f"import sys\ndef test():\n    assert not set({names}) & set(sys.modules)\n"
    )
    plain = ["-q", "-W", "error", "-p", "softgrad_pytest", "-p", "no:cacheprovider"]
    done = python(tmp_path, "-m", "pytest", *plain)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
