"""The demo from end to end, at two epochs."""

import io
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rich")
pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

from softgrad.demo import RIGHT, WRONG, demo
from softgrad.demo.digits import load
from softgrad.demo.study import RATE, Study
from softgrad.demo.train import LOSSES, train
from softgrad.demo.verdict import summary


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, str, Path]:
    path = tmp_path_factory.mktemp("demo") / "curves.png"
    file = io.StringIO()
    return demo(epochs=2, seed=3, output=path, file=file), file.getvalue(), path


def test_it_prints_a_table_and_a_paragraph_for_each(played: tuple[Study, str, Path]) -> None:
    result, text, path = played
    table = text[text.index("After 2 epochs") :]
    for backward in (RIGHT, *WRONG):
        row = next(line for line in table.splitlines() if backward.name in line)
        for loss in LOSSES:
            assert f"{100 * result.at_rate(loss, backward).final.mean():.1f} (" in row
    for backward in WRONG:
        assert f"\n{backward.name}: " in text
    assert text.count("\n  softgrad.check  ") == len(WRONG)
    assert str(path) in text.replace("\n", "")
    assert "\x1b" not in text


def test_the_summary_names_each_once(played: tuple[Study, str, Path]) -> None:
    lines = summary(played[0])
    for backward in WRONG:
        assert sum(backward.name in line for line in lines) == 1
    flat = " ".join(played[1].split())
    assert all(line in flat for line in lines)
    assert lines[0].startswith("Cripples training with either loss: ")
    assert "summed Jacobian" in lines[0]


def test_it_fits_into_80_columns(played: tuple[Study, str, Path]) -> None:
    lines = [line for line in played[1].splitlines() if not line.startswith("The curves are in")]
    assert max(map(len, lines)) <= 80


def test_it_saves_a_picture(played: tuple[Study, str, Path]) -> None:
    from matplotlib.image import imread

    height, width, _ = imread(played[2]).shape
    assert (height, width) == (600, 1200)


def test_the_right_one_learns_and_the_summed_one_does_not(played: tuple[Study, str, Path]) -> None:
    result = played[0]
    summed = next(b for b in WRONG if b.name == "summed Jacobian")
    for loss in LOSSES:
        assert result.at_rate(loss, RIGHT).final.min() > 0.6
        accuracy = result.at_rate(loss, summed).accuracy
        np.testing.assert_array_equal(accuracy[:, 0], accuracy[:, 1])


def test_the_command_says_the_same(
    played: tuple[Study, str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cyclopts")
    from softgrad.cli import main

    path = tmp_path / "demo.png"
    assert main(["demo", "--epochs", "2", "--seed", "3", "--output", str(path)]) == 0
    said, _, where = capsys.readouterr().out.rpartition("The curves are in ")
    assert said == played[1].rpartition("The curves are in ")[0]
    assert where.strip() == str(path)
    assert [file.name for file in tmp_path.iterdir()] == ["demo.png"]


def test_a_seed_repeats_itself() -> None:
    digits = load()
    once, again = (train(digits, LOSSES[0], RIGHT, rate=RATE, epochs=1, seed=7) for _ in range(2))
    np.testing.assert_array_equal(once.accuracy, again.accuracy)
    np.testing.assert_array_equal(once.loss, again.loss)
    other = train(digits, LOSSES[0], RIGHT, rate=RATE, epochs=1, seed=8)
    assert other.loss[0] != once.loss[0]


def test_the_split_holds_every_image_once() -> None:
    from sklearn.datasets import load_digits

    digits = load()
    assert len(digits.train) + len(digits.test) == len(load_digits().data) == 1797
    both = np.concatenate([digits.train, digits.test])
    assert both.min() == 0
    assert both.max() == 1
    assert 0.09 < digits.chance < 0.12
