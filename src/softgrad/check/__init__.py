"""Is this derivative right? Without a tolerance; where it is wrong; and the bug's name."""

from softgrad.check.checker import check as check
from softgrad.check.report.report import Report as Report
from softgrad.check.report.vocabulary import BUGS as BUGS
from softgrad.check.report.vocabulary import Bug as Bug
