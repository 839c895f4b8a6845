"""The conformance of installed libraries: which functions are wrong, where, and by how much."""

from softgrad.survey.dialects import Dialect as Dialect
from softgrad.survey.library import Call as Call
from softgrad.survey.library import Documented as Documented
from softgrad.survey.library import Library as Library
from softgrad.survey.report.report import Cell as Cell
from softgrad.survey.report.report import Measurement as Measurement
from softgrad.survey.report.report import SurveyReport as SurveyReport
from softgrad.survey.survey import survey as survey
