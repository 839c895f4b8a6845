"""What an audit costs beside the model's own forward and backward pass, and its false alarms.

Run ``python bench/audit_cost.py``; it needs torch. The models are built from torch's own layers
with random weights and have no defect. Every figure comes from a process of its own. A training
step is a forward pass, a backward pass and a step of AdamW. Time is the processor's; memory is what
a process holds at its peak beyond what it held before the model was made.
"""

import argparse
import json
import resource
import subprocess
import sys
from statistics import median
from time import process_time
from typing import Any

from measuring.document import environment, rewrite, table

ROUNDS = 5


def peak() -> float:
    """Return the most memory this process has held, in MB."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def stepped(name: str) -> dict[str, Any]:
    """Measure the model alone: its passes, and the memory of a training step."""
    import torch
    from measuring.nets import made

    warm = torch.nn.Linear(2, 2)
    warm(torch.ones(2)).sum().backward()
    torch.optim.AdamW(warm.parameters()).step()
    before = peak()
    problem = made(name)
    optimizer = torch.optim.AdamW(problem.model.parameters())
    times = []
    for _ in range(ROUNDS):
        start = process_time()
        problem.loss(problem.model(*problem.inputs)).backward()
        times.append(process_time() - start)
        optimizer.step()
        optimizer.zero_grad()
    entries = sum(p.numel() for p in problem.model.parameters())
    return {"entries": entries, "seconds": median(times), "peak": peak() - before}


def audited(name: str, thorough: bool) -> dict[str, Any]:
    """Measure an audit."""
    import torch
    from measuring.nets import made

    from softgrad import audit

    audit(torch.nn.Linear(2, 2), torch.ones(2))
    before = peak()
    problem = made(name)
    start = process_time()
    report = audit(
        problem.model,
        *problem.inputs,
        loss=problem.loss,
        **({"thorough": True} if thorough else {}),
    )
    return {
        "seconds": process_time() - start,
        "peak": peak() - before,
        "calls": report.calls,
        "distinct": len(report.findings),
        "alarms": len(report.guilty) + (report.whole is not None and report.whole.ok is False),
        "undecided": sum(finding.ok is None for finding in report.findings),
    }


def separately(*line: str) -> dict[str, Any]:
    """Return what this script finds in a new process."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, *line],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--thorough", action="store_true", help="check every call in full")
    parser.add_argument("--one", nargs=2, metavar=("WHAT", "MODEL"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        what, name = args.one
        found = stepped(name) if what == "step" else audited(name, args.thorough)
        print(json.dumps(found))
        return
    from measuring.nets import NETS

    more = ["--thorough"] if args.thorough else []
    rows = []
    for name in NETS:
        own = separately("--one", "step", name)
        ours = separately("--one", "audit", name, *more)
        row = [
            name,
            f"{own['entries'] / 1e6:,.1f} M",
            f"{ours['calls']:,}, {ours['distinct']} distinct",
            f"{own['seconds']:.2f} s",
            f"{ours['seconds']:.1f} s",
            f"{ours['seconds'] / own['seconds']:.1f}",
            f"{own['peak']:,.0f} MB",
            f"{ours['peak']:,.0f} MB",
            f"{ours['peak'] / own['peak']:.2f}",
            ours["alarms"],
            ours["undecided"],
        ]
        print(*row, sep="  ", flush=True)
        rows.append(row)
    head = ["model", "parameters", "calls", "forward + backward", "audit", "ratio"]
    head += ["step's peak", "audit's peak", "ratio", "false alarms", "undecided"]
    body = table(head, rows)
    print(body)
    rewrite("audit", body, environment("torch"), part="cost")


if __name__ == "__main__":
    main()
