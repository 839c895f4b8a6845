"""The house rules that concern whole files."""

import re
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
LONGEST, MEDIAN = 400, 130
FOLDERS = ["src", "tests", "native", "examples", "bench"]
SUFFIXES = {".py", ".pyi", ".cpp", ".hpp"}
MACHINE = re.compile(
    r"/(?:home|root|work|tmp|opt|Users)/\w|://(?:files\.)?py(?:pi|thonhosted)\.org"
)
FRAGMENT = re.compile(r"(\d+|\+[\w-]+)\.(added|changed|fixed|removed)\.md")


def files(folder: str) -> list[Path]:
    return [p for p in sorted((ROOT / folder).rglob("*")) if p.suffix in SUFFIXES]


def length(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_is_long(folder):
    assert {str(p): length(p) for p in files(folder) if length(p) > LONGEST} == {}


def test_the_median_file_is_short():
    lengths = [length(p) for p in files("src")]
    assert len(lengths) > 20
    assert median(lengths) <= MEDIAN


def test_no_file_names_a_machine():
    read = [p for folder in FOLDERS for p in files(folder)]
    read += [*ROOT.glob("*.*"), *ROOT.glob(".ci/*"), *ROOT.glob("changelog.d/*")]
    read = [p for p in read if p.is_file() and p != Path(__file__)]
    assert {str(p): m.group() for p in read if (m := MACHINE.search(p.read_text("utf-8")))} == {}


def test_changelog_fragments_are_named_as_agreed():
    names = [p.name for p in (ROOT / "changelog.d").iterdir() if p.name != "README.md"]
    assert names
    assert [name for name in names if not FRAGMENT.fullmatch(name)] == []
