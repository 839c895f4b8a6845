"""The README's session gives what it shows."""

import doctest
from pathlib import Path


def test_the_readme_shows_what_happens() -> None:
    readme = Path(__file__).parents[2] / "README.md"
    result = doctest.testfile(str(readme), module_relative=False, encoding="utf-8")
    assert result.attempted and not result.failed
