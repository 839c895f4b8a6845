"""A survey's report as a page that needs nothing else: no network and no script."""

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from softgrad.errors import MissingExtra
from softgrad.survey.library import ORDERS
from softgrad.survey.report.content import GLYPHS, LEGEND, findings, rows, summary

if TYPE_CHECKING:
    from softgrad.survey.report.report import SurveyReport

__all__ = ["page"]


def page(report: "SurveyReport") -> str:
    """Return a whole HTML document."""
    try:
        from jinja2 import Environment, FunctionLoader
    except ModuleNotFoundError:
        raise MissingExtra("an HTML report", "Jinja2", "report") from None
    environment = Environment(
        loader=FunctionLoader(_source), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    found = findings(report)
    values: dict[str, Any] = {
        "report": report,
        "summary": summary(report),
        "orders": ORDERS,
        "glyphs": GLYPHS,
        "legend": LEGEND,
        "tables": {name: [*rows(report, name)] for name in report.versions},
        "findings": {
            name: [f for f in found if f.shown.library == name] for name in report.versions
        },
    }
    return environment.get_template("survey.html.jinja").render(values)


def _source(name: str) -> str:
    return (files("softgrad.survey.report") / "templates" / name).read_text(encoding="utf-8")
