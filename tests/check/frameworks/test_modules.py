"""torch: modules with their parameters, hooks, compiled functions, custom operators, devices."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from softgrad.check import check  # noqa: E402
from softgrad.errors import ArgumentError  # noqa: E402

nn = torch.nn
X = torch.tensor(np.random.default_rng(0).normal(size=(4, 3)))


@pytest.fixture(autouse=True)
def one_thread():
    torch.manual_seed(0)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Product(torch.autograd.Function):
    """x wᵀ, with a weight gradient that is twice the right one."""

    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return x @ w.T

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return g @ w, 2 * g.T @ x


class Wrong(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.norm = nn.BatchNorm1d(2)

    def forward(self, x, scale=1.0):
        product = Product.apply(x, self.linear.weight)
        return self.norm(product * scale) + self.linear.bias


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_wrong_weight_gradient_is_found(dtype):
    module = Wrong().to(dtype)
    report = check(module, (X.to(dtype),))
    assert report.bug == "wrong_constant"
    names = ["x", "linear.weight", "linear.bias", "norm.weight", "norm.bias"]
    assert list(report.wrong) == names
    assert [name for name, mask in report.wrong.items() if mask.any()] == ["linear.weight"]


def test_wrt_names_parameters_and_modules():
    module = Wrong().double()
    assert check(module, (X,), wrt="x", battery=False).ok is True
    assert check(module, (X,), wrt=("norm", "linear.bias"), battery=False).ok is True
    assert list(check(module, (X,), wrt="linear").wrong) == ["linear.weight", "linear.bias"]
    with pytest.raises(ArgumentError, match=r"wrt names 'linaer'.*inputs: x, linear.weight, "):
        check(module, (X,), wrt="linaer")


def test_frozen_parameters_are_checked_only_if_named():
    module = Wrong().double()
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    assert check(module, (X,)).ok is True
    assert check(module, (X,), wrt="linear.weight").bug == "wrong_constant"


@pytest.mark.parametrize("training", [True, False])
def test_the_user_s_module_is_left_alone(training):
    module = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Dropout()).double()
    module.train(training)
    before = {name: each.clone() for name, each in module.state_dict().items()}
    identities = [id(p) for p in module.parameters()]
    assert check(module, (X,)).ok is True
    assert all(torch.equal(each, before[name]) for name, each in module.state_dict().items())
    assert [id(p) for p in module.parameters()] == identities
    assert module.training is training
    assert all(p.grad is None for p in module.parameters())


MODULES = {
    "Linear": (lambda: nn.Linear(3, 2), [(4, 3)]),
    "Conv1d": (lambda: nn.Conv1d(2, 3, 2), [(2, 2, 5)]),
    "GRU": (lambda: nn.GRU(3, 2), [(3, 3)]),
    "MultiheadAttention": (lambda: nn.MultiheadAttention(2, 1), [(3, 2, 2)] * 3),
    "LayerNorm": (lambda: nn.LayerNorm(3), [(4, 3)]),
    "PReLU": (nn.PReLU, [(4, 3)]),
    "spectral norm": (lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(3, 2)), [(4, 3)]),
}


@pytest.mark.parametrize("kind", MODULES)
def test_right_modules(kind):
    make, shapes = MODULES[kind]
    report = check(make(), tuple(torch.randn(shape) for shape in shapes))
    assert report.ok is True, report


def test_integers_in_parameters_differentiated():
    report = check(nn.Embedding(5, 3, sparse=True), (torch.tensor([1, 2, 2]),))
    assert report.ok is True


def test_lazy_parameters_are_told():
    with pytest.raises(ArgumentError, match=r"without a shape yet .weight, bias.: call it once"):
        check(nn.LazyLinear(2), (X,))


def test_gradient_hooks_of_parameters_and_modules():
    module = nn.LSTM(3, 2).double()
    module.weight_ih_l0.register_hook(lambda g: 2 * g)
    report = check(module, (X,), wrt=("weight_ih_l0", "weight_hh_l0"))
    assert [name for name, mask in report.wrong.items() if mask.any()] == ["weight_ih_l0"]
    module = nn.Linear(3, 2).double()
    module.register_full_backward_hook(lambda module, gi, go: (-gi[0],))
    assert check(module, (X,)).bug == "wrong_sign"


def sine(factor):
    class Sine(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx, g):
            return factor * g * ctx.saved_tensors[0].cos()

    return Sine.apply


def test_compiled_functions(capfd):
    right, wrong = (torch.compile(f, backend="eager") for f in (torch.sin, sine(-1)))
    assert check(right, (X,), battery=False).ok is True
    assert check(wrong, (X,), battery=False).bug == "wrong_sign"
    assert capfd.readouterr() == ("", "")


def test_custom_operators():
    @torch.library.custom_op("softgrad_tests::sine", mutates_args=())
    def operator(x: torch.Tensor) -> torch.Tensor:
        return x.sin()

    def keep(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    def backward(ctx, g):
        return -g * ctx.saved_tensors[0].cos()

    operator.register_autograd(backward, setup_context=keep)
    for f in (operator, torch.ops.softgrad_tests.sine):
        assert check(f, (X,)).bug == "wrong_sign"


def test_saved_statistics_are_no_overwritten_arrays():
    class Halved(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(3)

        def forward(self, x):
            return sine(0.5)(self.norm(x))

    assert check(Halved().double(), (X,)).bug == "wrong_constant"


def test_containers_registered_with_torch():
    class Weights:
        def __init__(self, w, b):
            self.w, self.b = w, b

    flatten = (lambda v: ((v.w, v.b), None), lambda children, _: Weights(*children))
    torch.utils._pytree.register_pytree_node(Weights, *flatten)

    def f(x, p):
        return Product.apply(x, p.w) + p.b

    report = check(f, (X, Weights(X[:2] + 1, X[0, :2])))
    assert [name for name, mask in report.wrong.items() if mask.any()] == ["p.w"]


def test_numpy_arrays_become_the_library_s():
    assert check(sine(-1), (X.numpy(),), framework="torch").bug == "wrong_sign"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_arrays_stay_on_their_device():
    x, devices = X.cuda(), set()

    def f(x):
        devices.add(x.device.type)
        return sine(-1)(x)

    assert check(f, (x,)).bug == "wrong_sign"
    assert devices == {"cuda"}
