"""The memory around a kernel's arrays, and which kernels run."""

import sys

import pytest
from native.harness import run_worker

walls = pytest.mark.skipif(sys.platform == "win32", reason="needs mprotect")


@walls
def test_nothing_is_read_or_written_past_an_end(worker):
    done = worker("edge")
    assert (done.returncode, done.stdout.strip()) == (0, "unharmed"), done.stderr


@walls
def test_a_step_past_an_end_would_be_seen(worker):
    assert worker("trespass").returncode < 0


def test_any_offset_gives_the_same_and_touches_nothing_else(worker):
    done = worker("offsets")
    assert (done.returncode, done.stdout.strip()) == (0, "unharmed"), done.stderr


def test_streamed_results_are_those_of_a_few_rows(worker):
    done = worker("parts")
    assert (done.returncode, done.stdout.strip()) == (0, "equal"), done.stderr


def test_rows_along_any_axis_are_those_of_the_last(worker):
    done = worker("axes")
    assert (done.returncode, done.stdout.strip()) == (0, "equal"), done.stderr


def test_the_environment_chooses_the_target(target, worker):
    assert worker("isa").stdout.strip() == target


def test_an_unknown_target_is_refused():
    done = run_worker("z80", "isa")
    assert done.returncode == 1
    assert "ValueError: SOFTGRAD_ISA=z80 names no target of this machine" in done.stderr
