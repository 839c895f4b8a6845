"""What the tests of this folder run with SOFTGRAD_ISA set; no test itself.

``python worker.py letters`` lists the kernels; see ``COMMANDS`` for the rest.
"""

import json
import sys

import numpy as np
from layout import call, entries, repeated
from memory import along_any_axis, at_any_offset, at_the_edge, in_parts, trespass

from softgrad import _native


def run(source: str, destination: str) -> None:
    """Run the jobs of one file and write their outputs into another."""
    with np.load(source) as given:
        arrays = dict(given)
    for array in arrays.values():
        array.flags.writeable = False
    results = {}
    for place, job in enumerate(json.loads(str(arrays.pop("jobs")))):
        inputs = [None if key is None else arrays[key] for key in job["arrays"]]
        run_job = call if job["inner"] == 1 else repeated
        given = job["kernel"], job["n"], inputs, job["constants"], job["inner"]
        for k, out in enumerate(run_job(*given)):
            results[f"{place}/{k}"] = out
    np.savez(destination, **results)


def letters() -> None:
    """Print each kernel and its arrays, in the letters of ``native/kernels.hpp``."""
    for name, entry in entries().items():
        print(f"{name:32}{entry.letters}")


COMMANDS = {
    "run": run,
    "letters": letters,
    "edge": at_the_edge,
    "trespass": trespass,
    "offsets": at_any_offset,
    "parts": in_parts,
    "axes": along_any_axis,
    "isa": lambda: print(_native.isa()),
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
