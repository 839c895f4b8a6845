"""Figures wait in ``build/bench`` until they are written into the documents."""

import json
from typing import Any

from bench.measuring.document import ROOT

__all__ = ["keep", "kept"]

FOLDER = ROOT / "build" / "bench"


def kept(kind: str) -> dict[str, Any]:
    """Return what was measured of one kind: by label, each with its command and versions."""
    path = FOLDER / f"{kind}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def keep(kind: str, label: str, entry: dict[str, Any]) -> None:
    """Put one figure in the place of an older one of the same label."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = json.dumps(kept(kind) | {label: entry}, indent=1)
    (FOLDER / f"{kind}.json").write_text(text, encoding="utf-8")
