"""Measure softgrad's kernels beside their peers: ``python -m bench``, at the root of the project.

Without a subject everything is measured and written into ``docs``, which takes hours. Each subject
may be measured in part (``python -m bench speed --only softmax --threads 1``); what was measured
waits in ``build/bench``, and ``python -m bench write`` puts it into the documents.
"""

import argparse
import sys
from collections.abc import Callable
from importlib.util import find_spec

from bench.kernels import subjects

SUBJECTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "speed": subjects.speed,
    "latency": subjects.latency,
    "memory": subjects.memory,
    "accuracy": subjects.accuracy,
    "write": subjects.write,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="subject", metavar="SUBJECT")
    for name, run in SUBJECTS.items():
        command = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        subjects.add_options(name, command)
    args = parser.parse_args()
    if find_spec("softgrad") is None:
        parser.error("softgrad is not installed here: pip install . first")
    for name in [args.subject] if args.subject else SUBJECTS:
        one = args if args.subject else parser.parse_args([name])
        print(f"{name}\n", file=sys.stderr)
        SUBJECTS[name](one)


if __name__ == "__main__":
    main()
