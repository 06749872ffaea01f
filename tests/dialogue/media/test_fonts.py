"""Every letter in a font that has it; what no font has is named, with what mends it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import fontpkg_noto_sans_thai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.ground.errors import SceneError
from dialogue.media import fonts
from dialogue.media.fonts import built_in, face_of, fonts_for, has, missing_letters

ARABIC, HEBREW = "مرحبا، كيف حالك؟ نعم.", "שלום, (שוב) 12."
HINDI, THAI = "नमस्ते, हाँ।", "สวัสดีครับ"
THAI_FILE = next((Path(fontpkg_noto_sans_thai.__file__).parent / "files").glob("*.ttf"))


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without any font but the built-in one."""
    monkeypatch.setattr(fonts, "_files", lambda: (built_in().file,))
    fonts._covering.cache_clear()
    yield
    fonts._covering.cache_clear()


@pytest.mark.parametrize("text", ["Ana Ruiz…", "Zoë Ångström — «Ødegård»", "Ελένη", "Юрий", "Nguyễn", ARABIC, HEBREW])
def test_what_the_built_in_font_has_needs_no_other(text: str, bare: None) -> None:
    chosen = fonts_for([text])
    assert chosen.faces == (built_in(),) and chosen.lacking == ""
    assert chosen.runs(text) == [(text, built_in())]


@pytest.mark.parametrize("text, family", [(HINDI, "Noto Sans Devanagari"), (THAI, "Noto Sans Thai")])
def test_other_scripts_are_drawn_in_a_font_that_has_them(text: str, family: str) -> None:
    chosen = fonts_for([text, "Ana"])
    assert chosen.lacking == "" and family in [face.family for face in chosen.faces]
    runs = chosen.runs(f"Ok. {text} OK")
    assert [piece for piece, _ in runs][0].startswith("Ok.") and "".join(piece for piece, _ in runs) == f"Ok. {text} OK"
    assert [face.family for _, face in runs][:2] == ["DejaVu Sans", family]
    assert all(has(face, letter) for piece, face in runs for letter in piece if letter.isalpha())


def test_a_mark_stays_with_its_letter() -> None:
    pieces = [piece for piece, _ in fonts_for([HINDI]).runs("a" + HINDI)]
    assert pieces == ["a", HINDI]


def test_a_collections_face_is_of_the_texts_language() -> None:
    told = {"聞こえましたか": "JP", "들었어요": "KR", "你听到了吗": "SC"}
    chosen = {text: fonts_for([text]) for text in told}
    if any(each.lacking or not each.faces[-1].family.startswith("Noto Sans CJK") for each in chosen.values()):
        pytest.skip("Noto Sans CJK is not installed here")
    assert {text: each.faces[-1].family[-2:] for text, each in chosen.items()} == told


def test_the_scenes_own_font_comes_first() -> None:
    chosen = fonts_for([THAI, "Ana"], THAI_FILE)
    assert [face.family for face in chosen.faces] == ["Noto Sans Thai", "DejaVu Sans"]
    assert chosen.runs("Ana")[0][1].family == "Noto Sans Thai", "it has Latin letters too"


@pytest.mark.parametrize(
    "text, told",
    [
        (
            "你好",
            "Chinese, Japanese or Korean (你好), so boxes are drawn (apt install fonts-noto-cjk,",
        ),
        ("こんにちは。", "Chinese, Japanese or Korean (。"),
        (HINDI, "Devanagari (तनमसह।), so boxes are drawn (pip install fontpkg-noto-sans-devanagari, apt install "),
        (
            THAI,
            "Thai (คดบรวส), so boxes are drawn (pip install fontpkg-noto-sans-thai, apt install fonts-noto-core,",
        ),
        (
            "Ana 🎉👍",
            "emoji and symbols (🎉👍), so boxes are drawn (apt install fonts-symbola, or",
        ),
        (
            "ᎣᏏᏲ",
            "Cherokee (ᎣᏏᏲ), so boxes are drawn (apt install fonts-noto-core, or output: {font: ",
        ),
        ("".join(map(chr, range(0x0E01, 0x0E2F))), "Thai (กขฃคฅฆงจฉชซฌ…), so boxes"),
    ],
)
def test_what_no_font_has_is_named_with_what_mends_it(text: str, told: str, bare: None) -> None:
    ((letters, problem),) = missing_letters([text, "Ana", text])
    assert set(letters) <= set(text) and str(problem).startswith(f"warning: no font here has {told}")


def test_two_scripts_are_two_warnings(bare: None) -> None:
    assert len(list(missing_letters([HINDI + THAI + "Ana"]))) == 2


def test_damaged_and_coloured_fonts_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Noto Sans Thai Damaged-Bold.ttf").write_bytes(b"\0\1\0\0" + THAI_FILE.read_bytes()[:40])
    (tmp_path / "NotoColorThai.ttf").write_bytes(THAI_FILE.read_bytes())
    files = [*sorted(tmp_path.iterdir()), THAI_FILE]
    monkeypatch.setattr(fonts, "_files", lambda: tuple(files))
    fonts._covering.cache_clear()
    assert [face.file for face in fonts_for([THAI]).faces[1:]] == [THAI_FILE]
    fonts._covering.cache_clear()


def test_what_is_no_font(tmp_path: Path) -> None:
    (tmp_path / "x.ttf").write_bytes(b"no font")
    for name in ("x.ttf", "absent.ttf"):
        with pytest.raises(SceneError, match=rf"{name}: error: cannot be read as a font: "):
            face_of(tmp_path / name)


@given(st.text(max_size=40))
def test_pieces_are_the_text(text: str) -> None:
    chosen = fonts_for([text])
    runs = chosen.runs(text)
    assert "".join(piece for piece, _ in runs) == text
    assert all(before is not after for (_, before), (_, after) in itertools.pairwise(runs))
