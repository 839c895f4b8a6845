"""What the tests of this folder run with SOFTGRAD_ISA set; no test itself."""

import ctypes
import mmap
import sys

import numpy as np

from softgrad import _native


def softmax(source: str, destination: str) -> None:
    """Write the softmax of each array of one file into another."""
    with np.load(source) as arrays:
        results = {}
        for name, x in arrays.items():
            x.flags.writeable = False
            results[name] = np.full_like(x, 7)
            _native.softmax(x, results[name])
    np.savez(destination, **results)


def at_the_edge() -> None:
    """Compute rows that end exactly where readable, or writable, memory ends."""
    page = mmap.PAGESIZE
    memory = mmap.mmap(-1, 4 * page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for wall in (1, 3):  # x ends at the first wall, out at the second
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mprotect(ctypes.c_void_p(start + wall * page), ctypes.c_size_t(page), 0):
            raise OSError(ctypes.get_errno(), "mprotect")
    for dtype in (np.float32, np.float64):
        size = np.dtype(dtype).itemsize
        for n in range(1, 131):
            x = np.frombuffer(memory, dtype, n, page - n * size)
            out = np.frombuffer(memory, dtype, n, 3 * page - n * size)
            x[:] = np.arange(n)
            _native.softmax(x, out)
            assert abs(out.sum() - 1) < 1e-5
    print("unharmed")


if __name__ == "__main__":
    {"softmax": softmax, "edge": at_the_edge, "isa": lambda: print(_native.isa())}[sys.argv[1]](
        *sys.argv[2:]
    )
