"""What lies in the folder of faces, and whether it may lie there."""

import pytest
from fontTools.ttLib import TTFont

from channels.studio.faces import BOLD, FOLDER, PIXEL, REGULAR
from tests.conftest import ROOT

FILES = sorted({file for face in (REGULAR, BOLD, PIXEL) for file in face.files})
NOTICE = (FOLDER / "NOTICE.md").read_text(encoding="utf-8")


def names(file: str) -> dict[int, str]:
    with TTFont(FOLDER / file, lazy=True) as font:
        return {record.nameID: str(record) for record in font["name"].names}


@pytest.mark.parametrize("file", FILES)
def test_every_face_is_free_and_says_so(file: str) -> None:
    said = names(file)
    assert "SIL Open Font License" in said[13]
    assert f"`{file}`" in NOTICE


@pytest.mark.parametrize("file", [file for file in FILES if file.startswith("Huijia")])
def test_a_derived_face_bears_no_reserved_name(file: str) -> None:
    said = names(file)
    for number in (1, 3, 4, 6, 10):
        assert not any(word in said.get(number, "") for word in ("Source", "Fusion", "Noto")) or number == 10
    assert said[1].startswith("Huijia")
    assert "Fusion Pixel" not in said.get(10, "")


def test_whatever_lies_there_has_a_licence() -> None:
    licences = {"OFL-NotoSansSC.txt", "OFL-FusionPixel.txt"}
    there = {path.name for path in FOLDER.iterdir() if path.is_file()}
    assert there == {*FILES, *licences, "NOTICE.md"}
    assert all(f"({name})" in NOTICE for name in licences)


def test_the_faces_go_with_the_package() -> None:
    """They are read from beside the code: the image copies `channels`, and the wheel takes all that lies in it."""
    assert FOLDER.is_relative_to(ROOT / "channels")
    assert "COPY channels channels" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert '"channels"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
