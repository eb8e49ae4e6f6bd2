"""The samples of the README print what it says, and the package is the better side."""

import contextlib
import io
import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```(python|text)\n(.*?)```", README.read_text(), re.DOTALL)


def numbers_in(text):
    return [float(number) for number in re.findall(r"\d+\.\d+", text)]


def test_every_sample_is_followed_by_its_output():
    assert [language for language, _ in BLOCKS] == ["python", "text"] * 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("i", "greater_is_better"), [(0, True), (2, False)], ids=["few labels", "gaps"]
)
def test_sample_prints_what_the_readme_says(i, greater_is_better):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(BLOCKS[i][1], {})
    other, ours = found = numbers_in(printed.getvalue())
    # Another build of the libraries rounds and draws in other ways.
    assert found == pytest.approx(numbers_in(BLOCKS[i + 1][1]), abs=0.03)
    assert (ours > other) == greater_is_better
