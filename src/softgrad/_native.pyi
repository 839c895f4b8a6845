"""Row kernels for contiguous float32 and float64 arrays."""

import numpy


def softmax(x: numpy.ndarray, out: numpy.ndarray) -> None:
    """
    Write the softmax of x along its last axis into out, which may be x itself.
    """

def isa() -> str:
    """
    Name the instruction set in use: the best, or the one SOFTGRAD_ISA asks for.
    """

def targets() -> list[str]:
    """
    List the instruction sets this build and this machine have, the best first.
    """
