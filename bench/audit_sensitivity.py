"""How many wrong gradients an audit finds at the right call, and how many it names.

Run ``python bench/audit_sensitivity.py``; it needs torch. Into each of the models of the cost
measurement, small ones, each mistake that it has a place for is put, in modules at random. Found is
what is the only guilty call and lies in that module; named is what has a name that fits.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import numpy as np
import torch
from measuring.document import environment, rewrite, table
from measuring.injected import MISTAKES, Mistake
from measuring.nets import NETS, Problem, made

from softgrad.audit import audit


def sites(problem: Problem, mistake: Mistake) -> list[str | None]:
    """Return the paths of the modules that a mistake can be put into; None for the loss."""
    if not mistake.modules:
        return [None] if calls(problem, None, mistake) else []
    named = problem.model.named_modules()
    fitting = [path for path, module in named if type(module).__name__ in mistake.modules]
    return [path for path in fitting if calls(problem, path, mistake)]


def calls(problem: Problem, path: str | None, mistake: Mistake) -> bool:
    """Return whether a mistake put there makes a gradient wrong; one that writes only might."""
    right, wrong = (gradients(problem, path, mistake, wrong) for wrong in (False, True))
    if "mutates_argument" in mistake.names:
        return True
    return any(not torch.allclose(a, b, 1e-4, 1e-7) for a, b in zip(right, wrong, strict=True))


def gradients(
    problem: Problem, path: str | None, mistake: Mistake, wrong: bool
) -> list[torch.Tensor]:
    torch.manual_seed(0)
    model, zeros = problem.model, torch.zeros(())
    if not wrong:
        loss = problem.loss(model(*problem.inputs))
    else:
        with put(problem, path, mistake) as (model, loss_of):
            loss = loss_of(model(*problem.inputs))
    found = torch.autograd.grad(loss, [*model.parameters()], allow_unused=True)
    return [zeros if each is None else each for each in found]


@contextmanager
def put(problem: Problem, path: str | None, mistake: Mistake) -> Iterator[tuple[Any, Any]]:
    """Return the context in which a module, or the loss, runs with the mistake."""
    holder, name = mistake.place
    own = getattr(holder, name)

    def enter(*_: Any) -> None:
        setattr(holder, name, mistake.function.apply)

    def leave(*_: Any) -> None:
        setattr(holder, name, own)

    def loss(y: torch.Tensor) -> torch.Tensor:
        enter()
        try:
            return problem.loss(y)
        finally:
            leave()

    if path is None:
        yield problem.model, loss
        return
    module = problem.model.get_submodule(path)
    handles = (
        module.register_forward_pre_hook(enter),
        module.register_forward_hook(leave, always_call=True),
    )
    try:
        yield problem.model, problem.loss
    finally:
        for handle in handles:
            handle.remove()


def judged(name: str, mistake: Mistake, path: str | None, seed: int) -> tuple[str, str]:
    """Return ``found``, ``elsewhere`` or ``missed``, and the name."""
    problem = made(name, small=True)
    with put(problem, path, mistake) as (model, loss):
        report = audit(model, *problem.inputs, loss=loss, seed=seed)
    wrong = mistake.function.__qualname__
    guilty = report.guilty
    if not guilty:
        return "missed", ""
    right = len(guilty) == 1 and wrong in guilty[0].call and guilty[0].modules == (path or "",)
    return "found" if right else "elsewhere", guilty[0].bug or ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=5, help="modules for each model and mistake")
    parser.add_argument("--only", help="mistakes whose text has this")
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    rows, whole = [], Counter()
    started = perf_counter()
    for mistake in MISTAKES:
        if args.only and args.only not in mistake.text:
            continue
        count, names = Counter(), Counter()
        for name in NETS:
            places = sites(made(name, small=True), mistake)
            for seed in range(args.draws if places else 0):
                path = places[rng.integers(len(places))]
                told, bug = judged(name, mistake, path, seed)
                count["put"] += 1
                count[told] += 1
                count["named"] += told == "found" and bug in mistake.names
                names[bug or "no name"] += told == "found"
        whole += count
        seen = ", ".join(f"{bug} {k}" for bug, k in names.most_common() if k)
        rows.append([mistake.text, count["put"], count["found"], count["named"], seen])
        print(*rows[-1], dict(count), sep="  ", flush=True)
    took = perf_counter() - started
    found, named = (whole[key] / whole["put"] for key in ("found", "named"))
    told = f"**{whole['found']} of {whole['put']} found at the right call ({found:.1%}), "
    told += f"{whole['named']} named ({named:.1%})**; {took / whole['put']:.2f} s for each."
    body = f"{told}\n\n{table(['mistake', 'put', 'found', 'named', 'names'], rows)}"
    print(body)
    if not args.only:
        rewrite("audit", body, environment("torch"), part="sensitivity")


if __name__ == "__main__":
    main()
