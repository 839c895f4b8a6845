"""The gradient of one row, explained with its own numbers."""

from softgrad.explain.data import Explanation as Explanation
from softgrad.explain.data import explain as explain
from softgrad.explain.lessons import LESSONS as LESSONS
from softgrad.explain.text import show as show
