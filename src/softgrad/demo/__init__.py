"""A digit classifier trained with the right backward pass of softmax and with five wrong ones."""

from softgrad.demo.backwards import RIGHT as RIGHT
from softgrad.demo.backwards import WRONG as WRONG
from softgrad.demo.main import demo as demo
