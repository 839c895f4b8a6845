"""Row kernels for contiguous arrays."""



def run(kernel, n, inner, /, *arrays_and_constants):
    """
    Run a kernel, by its place in kernels(), over rows of n elements that lie inner apart.
    """

def apply(kernel, x, /, *constants):
    """
    Return a kernel's result along the last axis of x, or None if x is not taken as it is.
    """

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

def kernels() -> list[tuple[str, str]]:
    """
    List each kernel's name and its arrays, in the letters of native/kernels.hpp.
    """
