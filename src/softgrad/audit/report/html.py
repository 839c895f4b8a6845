"""An audit's report as a page that needs nothing else: no network and no script."""

from typing import TYPE_CHECKING, Any

from softgrad.audit.report.text import COLUMNS, WHOLE, rows, summary, title, whereabouts
from softgrad.check.report.html import rendered, shown

if TYPE_CHECKING:
    from softgrad.audit.report.report import AuditReport

__all__ = ["fragment", "page"]

_FRAGMENT = "audit.html.jinja"


def page(report: "AuditReport") -> str:
    """Return a whole HTML document."""
    return _filled("page.html.jinja", report)


def fragment(report: "AuditReport") -> str:
    """Return the part of the page that a notebook shows: one ``div`` with its own style."""
    return _filled(_FRAGMENT, report)


def _filled(template: str, report: "AuditReport") -> str:
    whole = report.whole if report.whole is not None and report.whole.ok is not True else None
    values: dict[str, Any] = {
        "title": title(report),
        "fragment": _FRAGMENT,
        "audit": report,
        "summary": summary(report),
        "columns": COLUMNS,
        "rows": [*zip(report.findings, rows(report), strict=True)],
        "guilty": [(each, shown(each.report), [*whereabouts(each)]) for each in report.guilty],
        "whole": None if whole is None else shown(whole),
        "about_whole": WHOLE,
    }
    return rendered(template, values, ("softgrad.audit.report",))
