"""Which library is chosen, and how other packages add one."""

import sys

import numpy as np
import pytest

from softgrad.check import check
from softgrad.check.frameworks import frame_named, frame_of, registry
from softgrad.errors import ArgumentError, ArgumentTypeError, MissingExtra

X = np.random.default_rng(0).normal(size=(2, 3))

LIBRARY = """
class Array:
    def __init__(self, values):
        self.values = values

    def __mul__(self, other):
        return Array(self.values * getattr(other, "values", other))
"""

ADAPTER = '''
import numpy as np
from softgrad.check.frameworks import Frame
from toyarrays import Array


class Toy(Frame):
    """Arrays of a library whose own derivative of every function is 2 x g, right for x * x."""

    name = "toyarrays"

    def is_array(self, value):
        return isinstance(value, Array)

    def dtype_name(self, value):
        return value.values.dtype.name

    def host(self, value):
        return value.values

    def make(self, values, dtype, beside=None):
        return Array(np.array(values, dtype))

    def reverse(self, f, xs, *, again=False):
        if again:
            raise NotImplementedError
        return f(*xs), lambda g: [x * each * 2 for x, each in zip(xs, g)]


class Incomplete(Frame):
    pass


def broken():
    raise RuntimeError("no device")
'''

POINTS = """
[softgrad.frameworks]
toyarrays = toyadapter:Toy
elsewhere = toyadapter:Nowhere
raising = toyadapter:broken
number = builtins:int
incomplete = toyadapter:Incomplete
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A library and an adapter for it, as if installed from two other packages."""
    info = tmp_path / "toyadapter-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toyadapter\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    (tmp_path / "toyarrays.py").write_text(LIBRARY)
    (tmp_path / "toyadapter.py").write_text(ADAPTER)
    monkeypatch.syspath_prepend(tmp_path)
    registry._added.cache_clear()
    yield
    registry._added.cache_clear()
    for name in ("toyarrays", "toyadapter"):
        sys.modules.pop(name, None)


def test_a_library_added_by_another_package(installed):
    from toyarrays import Array

    assert "toyadapter" not in sys.modules
    x = Array(X)
    assert check(lambda x: x * x, (x,)).ok is True
    assert check(lambda x: x * x * x, (x,)).ok is False
    assert check(lambda x: x * x, (X,), framework="toyarrays").ok is True
    assert check(lambda x: x * x, (x,), vjp=lambda g, x: x * g).bug == "wrong_constant"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("elsewhere", "'elsewhere' that toyadapter:Nowhere adds cannot be loaded: AttributeError"),
        ("raising", "toyadapter:broken adds cannot be loaded: RuntimeError: no device"),
        ("number", "must be a softgrad.check.frameworks.Frame; it is 0"),
        ("incomplete", "cannot be loaded: TypeError: Can't instantiate abstract class"),
        ("nothing", "one of numpy, torch, .*, toyarrays; got 'nothing'"),
    ],
)
def test_a_broken_one_is_told(installed, name, message):
    with pytest.raises(ArgumentError, match=message):
        check(lambda x: x, (X,), framework=name)


def test_nothing_is_looked_up_for_arrays_that_are_known(monkeypatch):
    monkeypatch.setattr(registry, "_added", None)  # a call would raise
    assert frame_of([X, 1.0, "a", None]).name == "numpy"


def test_a_subclass_belongs_to_its_base_s_library():
    torch = pytest.importorskip("torch")

    class Mine(torch.Tensor):
        pass

    assert frame_of([torch.zeros(2).as_subclass(Mine)]).name == "torch"


def test_misuse_is_told():
    with pytest.raises(ArgumentError, match=r"framework must be one of numpy, .*; got 'torhc'"):
        check(lambda x: x, (X,), framework="torhc")
    with pytest.raises(ArgumentTypeError, match="framework must be a name; got int"):
        check(lambda x: x, (X,), framework=3)


@pytest.mark.parametrize("name", ["torch", "jax", "tensorflow", "tinygrad", "autograd"])
def test_a_missing_library_is_told(monkeypatch, name):
    def missing(module):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(registry, "import_module", missing)
    registry._own.cache_clear()
    told = rf"framework '{name}' needs .*: pip install \"softgrad\[{name}\]\""
    with pytest.raises(MissingExtra, match=told):
        frame_named(name)
    registry._own.cache_clear()
