"""PyTorch: custom Functions, modules and plain autograd, wrong and right."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import softgrad  # noqa: E402
from softgrad.check import check  # noqa: E402

X = torch.tensor(np.random.default_rng(0).normal(size=(4, 6)))


def softmax_function(back, name="Softmax"):
    def forward(ctx, x):
        y = torch.softmax(x, -1)
        ctx.save_for_backward(x, y)
        return y

    def backward(ctx, g):
        return back(g, *ctx.saved_tensors)

    members = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type(name, (torch.autograd.Function,), members)


def right(g, x, y):
    return y * (g - (g * y).sum(-1, keepdim=True))


def scribble(g, x, y):
    d = right(g, x, y)
    g.data.copy_(d)
    return g


def raw(g, x, y):
    flat = torch.as_strided(x, (x.numel(),), (1,), x.storage_offset()).reshape(x.shape)
    return right(g, x, torch.softmax(flat, -1))


WRONG = {
    "diagonal_only": lambda g, x, y: g * y * (1 - y),
    "identity_jacobian": lambda g, x, y: g.clone(),
    "wrong_axis": lambda g, x, y: y * (g - (g * y).sum(0, keepdim=True)),
    "batch_mixed": lambda g, x, y: y * (g - (g * y).sum()),
    "wrong_sign": lambda g, x, y: -right(g, x, y),
    "wrong_constant": lambda g, x, y: 2 * right(g, x, y),
    "mutates_argument": scribble,
    "ignores_strides": raw,
    "dropped_grad": lambda g, x, y: torch.zeros_like(x),
    "second_derivative_lost": lambda g, x, y: (
        y.detach() * (g - (g * y.detach()).sum(-1, keepdim=True))
    ),
}


@pytest.mark.parametrize("bug", WRONG)
def test_a_wrong_function_is_named(bug):
    function = softmax_function(WRONG[bug])
    report = check(function, (X,))
    assert report.ok is False
    assert report.bug == bug, report
    before = X.clone()
    assert check(function.apply, (X,)).bug == bug
    assert torch.equal(before, X)
    assert X.grad is None


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize(
    "function",
    [
        softmax_function(right),
        torch.nn.functional.gelu,
        torch.nn.functional.relu,
        torch.nn.functional.silu,
        lambda x: torch.log_softmax(x, 0),
        lambda x: torch.logsumexp(x, -1),
        lambda x: x.max(-1),
        lambda x: torch.nn.functional.layer_norm(x, (6,)),
        lambda x: torch.nn.functional.dropout(x, 0.4),
        lambda x: x.sort(-1),
    ],
)
def test_right_is_never_called_wrong(function, dtype):
    for seed in range(3):
        x = torch.tensor(np.random.default_rng(seed).normal(size=(4, 6))).to(dtype)
        report = check(function, (x,), seed=seed)
        assert report.ok is True, report


def test_a_module_and_its_random_state():
    state = torch.get_rng_state()
    module = torch.nn.Sequential(torch.nn.Linear(6, 3), torch.nn.Dropout(0.3), torch.nn.Softmax(-1))
    mark = torch.get_rng_state()
    assert check(module, (X.float(),)).ok is True
    assert torch.equal(mark, torch.get_rng_state())
    assert not torch.equal(state, mark)
    assert all(p.grad is None for p in module.parameters())


def test_a_saved_tensor_overwritten_unseen():
    def forward(ctx, z):
        ctx.save_for_backward(z)
        y = z * z
        z.data.mul_(0.5)
        return y

    def backward(ctx, g):
        return g * 4 * ctx.saved_tensors[0]

    members = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    function = type("Square", (torch.autograd.Function,), members)
    report = check(lambda x: function.apply(torch.softmax(x, -1)), (X,))
    assert report.bug == "mutates_argument"


def test_what_is_kept_on_the_class_is_overtaken_by_a_second_forward_pass():
    class Square(torch.autograd.Function):
        kept = None

        @staticmethod
        def forward(ctx, x):
            Square.kept = x
            return x * x

        @staticmethod
        def backward(ctx, g):
            return 2 * g * Square.kept

    report = check(Square, (X,))
    assert report.bug == "stale_state"
    assert "second forward pass" in report.reason
    assert "once = outputs" in report.snippet


def test_a_wrong_forward_mode():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(x):
            return x * x

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)
            ctx.save_for_forward(*inputs)

        @staticmethod
        def backward(ctx, g):
            return 2 * g * ctx.saved_tensors[0]

        @staticmethod
        def jvp(ctx, t):
            return 3 * t * ctx.saved_tensors[0]

    assert check(Square, (X,)).bug == "forward_mode_wrong"


def once(inside):
    """Return a right cube whose derivative is declared to have none, perhaps inside more."""
    declared = torch.autograd.function.once_differentiable
    members = {
        "forward": staticmethod(lambda ctx, x: (ctx.save_for_backward(x), x**3)[1]),
        "backward": staticmethod(declared(lambda ctx, g: 3 * g * ctx.saved_tensors[0] ** 2)),
    }
    cube = type("Cube", (torch.autograd.Function,), members).apply
    return (lambda x: torch.tanh(cube(torch.sin(x))) + x**3) if inside else cube


@pytest.mark.parametrize("inside", [False, True])
def test_what_is_declared_once_differentiable_owes_no_second_derivative(inside):
    assert check(once(inside), (X,)).ok is True


def test_a_custom_operation_owes_neither_a_second_derivative_nor_forward_mode():
    @torch.library.custom_op("softgrad_tests::cube", mutates_args=())
    def cube(x: torch.Tensor) -> torch.Tensor:
        return x**3

    @torch.library.custom_op("softgrad_tests::cube_backward", mutates_args=())
    def cube_backward(x: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
        return 3 * g * x**2

    def keep(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    def backward(ctx, g):
        return cube_backward(*ctx.saved_tensors, g)

    cube.register_autograd(backward, setup_context=keep)
    assert check(cube, (X,)).ok is True


def test_a_hand_written_vjp_of_tensors():
    report = check(lambda x: torch.softmax(x, -1), (X,), vjp=lambda g, y, x: g * y * (1 - y))
    assert report.bug == "diagonal_only"


def test_low_precision_accumulation():
    def weight_gradient(low):
        def forward(ctx, x, w):
            ctx.save_for_backward(x, w)
            return x * w

        def backward(ctx, g):
            x, w = ctx.saved_tensors
            if not low:
                return g * w, (g.float() * x.float()).sum(0).to(w.dtype)
            total = torch.zeros_like(w)
            for row in g * x:
                total = total + row
            return g * w, total

        members = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
        return type("Scale", (torch.autograd.Function,), members)

    x = torch.tensor(1 + np.random.default_rng(0).normal(size=(1500, 4)) * 0.3).bfloat16()
    w = torch.ones(4).bfloat16()
    assert check(weight_gradient(False), (x, w)).ok is True
    assert check(weight_gradient(True), (x, w)).bug == "low_precision"


def test_an_input_torch_cannot_differentiate_is_told():
    report = check(lambda x: torch.tensor(x.detach().numpy()), (X,))
    assert report.ok is False
    assert report.bug == "dropped_grad"


def test_kinks_of_the_gradient_nearby_are_no_lost_second_derivative():
    x = torch.tensor(np.random.default_rng(26).normal(size=(1, 381)).astype("f4"))

    def sparse(x):
        return softgrad.entmax(x, temperature=0.75, softcap=3.0)

    assert check(sparse, (x,), seed=26, battery=False).ok


def test_rounding_that_all_outputs_share_is_no_contradiction():
    rng = np.random.default_rng(0)
    image, weights = (torch.tensor(rng.normal(size=n)) for n in ((2, 8, 16, 16), (16, 8, 3, 3)))
    x = torch.nn.functional.conv2d(image.relu(), 0.12 * weights, stride=2, padding=1)

    def normalised(x, weight, bias):
        return torch.nn.functional.batch_norm(x, None, None, weight, bias, training=True)

    inputs = (x.float().double(), torch.ones(16, dtype=x.dtype), torch.zeros(16, dtype=x.dtype))
    assert check(normalised, inputs, seed=56, battery=False).ok is True
