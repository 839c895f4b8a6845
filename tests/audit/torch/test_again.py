"""A run is made again and again: what is made anew in each, and what does not repeat itself."""

import pytest

torch = pytest.importorskip("torch")

from audit.torch.nets import Tanh, WrongTanh  # noqa: E402

from softgrad import audit  # noqa: E402


@pytest.mark.parametrize(("base", "ok"), [(Tanh, True), (WrongTanh, False)])
def test_a_function_that_every_run_defines_anew_is_checked(base, ok):
    def step(x):
        model = torch.nn.Linear(4, 3)
        return type("Anew", (base,), {}).apply(model(x)).sum()

    report = audit(step, torch.ones(2, 4), whole=False)
    assert {
        finding.call.split("(")[0].split(".")[-1]: finding.ok for finding in report.findings
    } == {
        "linear": True,
        "Anew": ok,
        "sum": True,
    }


def test_a_run_that_does_not_repeat_itself_is_undecided():
    weight, runs = torch.ones(3, requires_grad=True), []

    def step():
        runs.append(None)
        return (weight.sin() if len(runs) == 1 else weight.cos()).sum()

    report = audit(step, framework="torch", whole=False)
    reasons = {f.call.split("(")[0]: f.report.reason for f in report.findings if f.ok is None}
    assert reasons == {
        "torch.Tensor.sin": "the run does not repeat itself: made again, it did not make this call"
    }
