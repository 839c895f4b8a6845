"""What a look found, before it becomes a report."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """A bug's name and what was seen."""

    bug: str
    evidence: str
    wrong: Mapping[str, np.ndarray | None] = field(default_factory=dict)
    trigger: str | None = None
