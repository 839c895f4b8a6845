"""Row kernels for contiguous arrays."""



def run(kernel, n, inner, /, *arrays_and_constants):
    """
    Run a kernel, by its place in kernels(), over rows of n elements that lie inner apart.
    """

def apply(kernel, x, /, *inputs_out_and_constants):
    """
    Return a kernel's results along the last axis of x, new ones if out is None.

    None if the kernel does not take the arrays, or out, as they lie.
    """

def indices(target, classes, ignored, /):
    """
    Return the target with -1 for ignored entries, and how many are not; None if one is wrong.
    """

def takes(x, out, /):
    """
    Tell whether kernels read x as it lies, and may write what is like it to out.
    """

def empty_like(x, /):
    """Return a new array in memory for results."""

def isa() -> str:
    """
    Name the instruction set in use: the best, or the one SOFTGRAD_ISA asks for.
    """

def targets() -> list[str]:
    """
    List the instruction sets this build and this machine have, the best first.
    """

def get_num_threads() -> int:
    """Return how many threads a large job may use."""

def set_num_threads(count: int) -> None:
    """
    Set how many threads a large job may use; 0 leaves it to the environment again.
    """

def get_kept_memory() -> int:
    """
    Return how many bytes of results that are gone may be kept for the next.
    """

def set_kept_memory(bytes: int) -> None:
    """
    Set how many bytes may be kept; a negative number stands for the usual limit.
    """

def kernels() -> list[tuple[str, str]]:
    """
    List each kernel's name and its arrays, in the letters of native/kernels.hpp.
    """
