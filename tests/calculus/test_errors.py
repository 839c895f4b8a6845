"""Bad input: the exception's type, and a message that says what was given and what is allowed."""

from typing import Any

import numpy as np
import pytest
from support.cases import FUNCTIONS

import softgrad
from softgrad.errors import ArgumentError, ArgumentTypeError

X = np.zeros((2, 3))
Y = np.array([0, 2])
P = np.full((2, 3), 1 / 3)
BY_ROW = [n for n, f in FUNCTIONS.items() if "axis" in f.parameters]
TARGETS = {n: Y if n == "cross_entropy" else P for n, f in FUNCTIONS.items() if "target" in f.wrt}
LOSSES = [n for n, f in FUNCTIONS.items() if "reduction" in f.parameters]
WITH = {
    option: [n for n, f in FUNCTIONS.items() if option in f.parameters]
    for f in FUNCTIONS.values()
    for option in f.parameters
}

Row = tuple[str, list[str], dict[str, Any], type, str]
ROWS: list[Row] = [
    # what is wrong, functions, arguments, exception, words of the message
    ("axis too large", BY_ROW, {"axis": 2}, ArgumentError, r"axis .*-2 to 1.*\(2, 3\).*2"),
    ("axis too small", BY_ROW, {"axis": -3}, ArgumentError, r"axis .*-2 to 1.*-3"),
    ("axis a tuple", BY_ROW, {"axis": (0, 1)}, ArgumentTypeError, r"axis .*one integer.*\(0, 1\)"),
    ("axis a float", BY_ROW, {"axis": 1.0}, ArgumentTypeError, r"axis .*integer.*1\.0"),
    ("axis a bool", BY_ROW, {"axis": True}, ArgumentTypeError, r"axis .*integer.*True"),
    ("axis None", BY_ROW, {"axis": None}, ArgumentTypeError, r"axis .*integer.*None"),
    ("0-d", BY_ROW, {"x": np.float64(0.0)}, ArgumentError, r"0-d.*at least one dimension"),
    ("empty axis", BY_ROW, {"x": np.zeros((2, 0))}, ArgumentError, r"\(2, 0\).*at least one"),
    ("integers", list(FUNCTIONS), {"x": np.zeros((2, 3), int)}, ArgumentTypeError, "floating.*int"),
    (
        "booleans",
        list(FUNCTIONS),
        {"x": np.zeros((2, 3), bool)},
        ArgumentTypeError,
        "floating.*bool",
    ),
    ("complex", list(FUNCTIONS), {"x": X.astype(complex)}, ArgumentTypeError, "floating.*complex"),
    ("objects", list(FUNCTIONS), {"x": X.astype(object)}, ArgumentTypeError, "floating.*object"),
    ("strings", list(FUNCTIONS), {"x": "logits"}, ArgumentTypeError, "array.*str"),
    ("None", list(FUNCTIONS), {"x": None}, ArgumentTypeError, "array.*None"),
    ("ragged", list(FUNCTIONS), {"x": [[1.0], [1.0, 2.0]]}, ArgumentTypeError, "rectangular"),
    ("unknown", list(FUNCTIONS), {"dim": 1}, ArgumentTypeError, r"'dim'.*takes .*temperature"),
    (
        "temperature 0",
        list(FUNCTIONS),
        {"temperature": 0.0},
        ArgumentError,
        "temperature.*positive.*0",
    ),
    (
        "temperature < 0",
        list(FUNCTIONS),
        {"temperature": -1.0},
        ArgumentError,
        "temperature.*positive",
    ),
    (
        "temperatures",
        list(FUNCTIONS),
        {"temperature": np.array([1.0, -1, 1])},
        ArgumentError,
        "temperature.*positive",
    ),
    (
        "temperature's shape",
        list(FUNCTIONS),
        {"temperature": np.ones(2)},
        ArgumentError,
        r"temperature.*\(2,\).*broadcast.*\(2, 3\)",
    ),
    ("softcap 0", list(FUNCTIONS), {"softcap": 0.0}, ArgumentError, "softcap.*positive.*0"),
    ("softcap inf", list(FUNCTIONS), {"softcap": np.inf}, ArgumentError, "softcap.*finite.*inf"),
    ("softcap text", list(FUNCTIONS), {"softcap": "3"}, ArgumentTypeError, "softcap.*number.*str"),
    (
        "bias's shape",
        list(FUNCTIONS),
        {"bias": np.ones((3, 3))},
        ArgumentError,
        r"bias.*\(3, 3\).*broadcast.*\(2, 3\)",
    ),
    (
        "where not boolean",
        list(FUNCTIONS),
        {"where": X},
        ArgumentTypeError,
        "where.*boolean.*float64",
    ),
    (
        "where's shape",
        list(FUNCTIONS),
        {"where": np.ones(2, bool)},
        ArgumentError,
        r"where.*\(2,\).*broadcast.*\(2, 3\)",
    ),
    ("alpha < 1", WITH["alpha"], {"alpha": 0.5}, ArgumentError, "alpha.*at least 1.*0.5"),
    ("alpha inf", WITH["alpha"], {"alpha": np.inf}, ArgumentError, "alpha.*finite.*inf"),
    ("alpha nan", WITH["alpha"], {"alpha": np.nan}, ArgumentError, "alpha.*at least 1.*nan"),
    (
        "alphas",
        WITH["alpha"],
        {"alpha": np.ones(2)},
        ArgumentTypeError,
        "alpha.*one number.*ndarray",
    ),
    ("reduction", LOSSES, {"reduction": "average"}, ArgumentError, "reduction.*'mean'.*'average'"),
    ("smoothing", LOSSES, {"label_smoothing": 1.5}, ArgumentError, "label_smoothing.*0 to 1.*1.5"),
    ("z_loss", WITH["z_loss"], {"z_loss": -1.0}, ArgumentError, "z_loss.*non-negative.*-1"),
    (
        "weight < 0",
        LOSSES,
        {"weight": np.array([1.0, -1, 1])},
        ArgumentError,
        "weight.*non-negative.*-1",
    ),
    (
        "pos_weight < 0",
        WITH["pos_weight"],
        {"pos_weight": np.array(-2.0)},
        ArgumentError,
        "pos_weight.*non-negative.*-2",
    ),
    ("weight's shape", LOSSES, {"weight": np.ones(2)}, ArgumentError, r"weight.*\(2,\)"),
    (
        "weight's dtype",
        LOSSES,
        {"weight": np.ones(3, bool)},
        ArgumentTypeError,
        "weight.*numbers.*bool",
    ),
    (
        "target's shape",
        ["cross_entropy"],
        {"target": np.zeros(3, int)},
        ArgumentError,
        r"target.*class indices.*\(2,\).*\(3,\)",
    ),
    (
        "soft target's shape",
        LOSSES,
        {"target": np.ones((2, 2))},
        ArgumentError,
        r"target.*\(2, 3\).*\(2, 2\)",
    ),
    (
        "class index too large",
        ["cross_entropy"],
        {"target": np.array([0, 3])},
        ArgumentError,
        "target.*0 to 2.*-100.*3",
    ),
    (
        "class index negative",
        ["cross_entropy"],
        {"target": np.array([0, -1])},
        ArgumentError,
        "target.*0 to 2.*-1",
    ),
    (
        "target boolean",
        LOSSES,
        {"target": np.ones((2, 3), bool)},
        ArgumentTypeError,
        "target.*bool",
    ),
    (
        "indices for binary",
        ["binary_cross_entropy"],
        {"target": np.ones((2, 3), int)},
        ArgumentTypeError,
        "target.*floating.*int64",
    ),
    ("target missing", LOSSES, {"target": None}, ArgumentTypeError, "target"),
]
TABLE = [
    pytest.param(name, given, error, words, id=f"{what}: {name}")
    for what, names, given, error, words in ROWS
    for name in names
]


def arguments(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return good arguments with ``given`` put in their place; ``x`` stands for the logits."""
    primary = FUNCTIONS[name].wrt[0]
    args = {primary: X} | ({"target": TARGETS[name]} if name in TARGETS else {})
    return args | {primary if k == "x" else k: v for k, v in given.items()}


@pytest.mark.parametrize(("name", "given", "error", "words"), TABLE)
def test_bad_input(name, given, error, words):
    with pytest.raises(error, match=f"(?s){words}"):
        FUNCTIONS[name](**arguments(name, given))
    with pytest.raises(error, match=f"(?s){words}"):
        softgrad.vjp(FUNCTIONS[name], **arguments(name, given))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_good_arguments_are_accepted(name):
    """The table's arguments fail for the reason it says, and for no other."""
    assert np.isfinite(FUNCTIONS[name](**arguments(name, {}))).all()


def test_exceptions_are_pythons_own_as_well():
    assert issubclass(ArgumentError, ValueError) and issubclass(ArgumentTypeError, TypeError)
    with pytest.raises(TypeError, match="needs the argument"):
        softgrad.softmax()
    with pytest.raises(TypeError, match="by position"):
        softgrad.softmax(X, -1, 1.0)
    with pytest.raises(TypeError, match="axis twice"):
        softgrad.softmax(X, -1, axis=-1)


def test_two_libraries_in_one_call():
    torch = pytest.importorskip("torch")
    with pytest.raises(ArgumentTypeError, match=r"target is a torch array.*numpy"):
        softgrad.cross_entropy(X, torch.zeros(2, dtype=torch.int64))
    with pytest.raises(ArgumentTypeError, match=r"bias is a torch array.*numpy"):
        softgrad.softmax(X, bias=torch.zeros(3))
    # constants may stay in NumPy
    assert softgrad.softmax(torch.zeros(2, 3), where=np.ones(3, bool)).shape == (2, 3)
