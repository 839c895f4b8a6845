"""What ``import softgrad`` may bring in, and how long it may take."""

import subprocess
import sys

import pytest

ALLOWED = {"softgrad", "array_api_compat", "mpmath"}  # and NumPy
EXTRAS = ["torch", "jax", "rich", "cyclopts", "sklearn", "matplotlib", "scipy"]
LIMIT = 0.150  # seconds beyond NumPy

NEW_MODULES = """
import sys
import numpy, numpy.random
before = set(sys.modules)
import softgrad
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(new - set(sys.stdlib_module_names)))
"""

SECONDS = """
import time
import numpy
start = time.perf_counter()
import softgrad
print(time.perf_counter() - start)
"""

WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
import numpy as np
import softgrad
x = np.array([1.0, 2.0, 3.0])
def backward(g, x):
    y, pullback = softgrad.vjp(softgrad.softmax, x)
    return pullback(g)
assert abs(backward(x, x).sum()) < 1e-15
assert softgrad.check(softgrad.softmax, (x,), vjp=backward).ok
assert softgrad.functions()["softmax"] is softgrad.softmax
print("works")
"""


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_brings_in_only_required_dependencies():
    assert set(python(NEW_MODULES).split()) <= ALLOWED


def test_the_measure_sees_an_import():
    found = set(python(NEW_MODULES.replace("import softgrad", "import softgrad, scipy")).split())
    assert "scipy" in found and not found <= ALLOWED


def test_import_is_quick():
    best = min(float(python(SECONDS)) for _ in range(5))
    assert best <= LIMIT


def test_everything_in_numpy_works_without_any_extra():
    assert python(WITHOUT.format(missing=EXTRAS)).split() == ["works"]


@pytest.mark.parametrize("extra", EXTRAS)
def test_no_single_extra_is_needed(extra):
    assert python(WITHOUT.format(missing=[extra])).split() == ["works"]
