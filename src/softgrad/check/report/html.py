"""The report as a page that needs nothing else: no network and no script."""

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from softgrad.check.report.content import COLUMNS, content
from softgrad.check.report.heatmap import STEPS, plate
from softgrad.errors import MissingExtra

if TYPE_CHECKING:
    from softgrad.check.report.report import Report

__all__ = ["fragment", "page"]


def page(report: "Report") -> str:
    """Return a whole HTML document."""
    return _rendered(report, "page.html.jinja")


def fragment(report: "Report") -> str:
    """Return the part of the page that a notebook shows: one ``div`` with its own style."""
    return _rendered(report, "fragment.html.jinja")


def _rendered(report: "Report", template: str) -> str:
    try:
        from jinja2 import Environment, FunctionLoader
    except ModuleNotFoundError:
        raise MissingExtra("an HTML report", "Jinja2", "report") from None
    environment = Environment(
        loader=FunctionLoader(_source), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    values: dict[str, Any] = {
        "report": report,
        "told": content(report),
        "columns": COLUMNS,
        "plates": [plate(picture) for picture in report.pictures],
        "steps": STEPS,
    }
    return environment.get_template(template).render(values)


def _source(name: str) -> str:
    return (files("softgrad.check.report") / "templates" / name).read_text(encoding="utf-8")
