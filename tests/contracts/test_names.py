"""The public names are exactly these."""

import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

import softgrad

FAMILY = {
    "binary_cross_entropy", "cross_entropy", "entmax", "log_sigmoid", "log_softmax", "logsumexp",
    "sigmoid", "softmax", "softplus", "sparsemax",
}  # fmt: skip
CALCULUS = {"Jacobian", "hvp", "jacobian", "jvp", "linearize", "value_and_grad", "vjp"}
CHECKING = {"AuditReport", "Report", "audit", "check", "watch"}
OTHER = {
    "functions", "get_kept_memory", "get_num_threads", "set_kept_memory", "set_num_threads",
}  # fmt: skip

PACKAGES = pkgutil.walk_packages(softgrad.__path__, "softgrad.")
MODULES = [m.name for m in PACKAGES if m.name != "softgrad.__main__"]


def public(module: ModuleType) -> set[str]:
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }


def test_the_package_offers_exactly_its_public_names():
    assert public(softgrad) == FAMILY | CALCULUS | CHECKING | OTHER


def test_the_registry_holds_exactly_the_family():
    assert set(softgrad.functions()) == FAMILY
    for name, function in softgrad.functions().items():
        assert function is getattr(softgrad, name)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'sofmax'"):
        softgrad.sofmax  # noqa: B018


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is_and_lists_what_it_has(name):
    module = importlib.import_module(name)
    assert module.__doc__
    for listed in getattr(module, "__all__", ()):
        assert hasattr(module, listed), f"{name}.__all__ lists {listed!r}"


def test_public_functions_are_documented():
    for name in FAMILY | CALCULUS | CHECKING | OTHER:
        assert getattr(softgrad, name).__doc__, name
