"""Which call in a model has the wrong gradient."""

from softgrad.audit.auditor import audit as audit
from softgrad.audit.report.report import AuditReport as AuditReport
from softgrad.audit.report.report import Finding as Finding
from softgrad.audit.report.report import Note as Note
from softgrad.audit.watch import watch as watch
