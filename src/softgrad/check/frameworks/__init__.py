"""Array libraries as the checker sees them; one file each, loaded when its arrays arrive."""

from softgrad.check.frameworks.frame import Carried, Frame, Inputs, Node, Watch
from softgrad.check.frameworks.registry import frame_named, frame_of

__all__ = ["Carried", "Frame", "Inputs", "Node", "Watch", "frame_named", "frame_of"]
