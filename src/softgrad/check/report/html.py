"""The report as a page that needs nothing else: no network and no script."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from softgrad.check.report.content import COLUMNS, Content, content
from softgrad.check.report.heatmap import STEPS, Plate, plate
from softgrad.errors import MissingExtra

if TYPE_CHECKING:
    from softgrad.check.report.report import Report

__all__ = ["Shown", "fragment", "page", "rendered", "shown"]

_PAGE, _FRAGMENT = "page.html.jinja", "fragment.html.jinja"


@dataclass(frozen=True)
class Shown:
    """A report with what its page draws of it."""

    report: "Report"
    told: Content
    plates: tuple[Plate, ...]
    columns: tuple[str, ...] = COLUMNS


def shown(report: "Report") -> Shown:
    """Return a report as the templates take it."""
    return Shown(report, content(report), tuple(plate(picture) for picture in report.pictures))


def page(report: "Report") -> str:
    """Return a whole HTML document."""
    each = shown(report)
    return rendered(_PAGE, {"title": each.told.title, "fragment": _FRAGMENT, "each": each})


def fragment(report: "Report") -> str:
    """Return the part of the page that a notebook shows: one ``div`` with its own style."""
    return rendered(_FRAGMENT, {"each": shown(report)})


def rendered(template: str, values: Mapping[str, Any], packages: tuple[str, ...] = ()) -> str:
    """Return a filled template of this package, or of ``packages`` that have more of them."""
    try:
        from jinja2 import ChoiceLoader, Environment, FunctionLoader
    except ModuleNotFoundError:
        raise MissingExtra("an HTML report", "Jinja2", "report") from None
    loaders = [FunctionLoader(_reader(package)) for package in (*packages, "softgrad.check.report")]
    environment = Environment(
        loader=ChoiceLoader(loaders), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(template).render(steps=STEPS, **values)


def _reader(package: str) -> Any:
    def source(name: str) -> str | None:
        file = files(package) / "templates" / name
        return file.read_text(encoding="utf-8") if file.is_file() else None

    return source
