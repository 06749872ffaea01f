"""WebVTT: the vtt.js conformance files, voices with classes and nested tags, what is refused, and there and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.formats.turns import read_turns
from dialogue.formats.vtt import read_vtt, voices, write_vtt
from dialogue.ground.errors import SceneError
from dialogue.ground.segments import LabelledSegment

MEDIA = Path(__file__).parents[3] / ".." / "shared" / "media"
SHARE = MEDIA / "vtt.js" / "share"
CASES = sorted(str(path.relative_to(SHARE)) for path in SHARE.glob("**/*.vtt"))
NO_VTT = {
    "bad-double-webvtt", "blank-file", "blank-file-with-bom", "bom-garbage-data", "bom-tab-webvtt", "garbage-signature",
    "newline-before-webvtt", "tab-after-bom-before-header",
}  # fmt: skip
needs_media = pytest.mark.skipif(not MEDIA.is_dir(), reason="no shared media beside the project")


@needs_media
@pytest.mark.parametrize("case", CASES or ["none"])
def test_conformance(case: str) -> None:
    """Cues as vtt.js has them; where it silently shows nothing because the file is no WebVTT, an error says so."""
    path = SHARE / case
    if path.stem in NO_VTT:
        with pytest.raises(SceneError, match=r":1: error: is no WebVTT file"):
            read_vtt(path)
        return
    cues = read_vtt(path)
    known = path.with_suffix(".json")
    if known.exists():
        wanted = json.loads(known.read_text("utf-8"))["cues"]
        assert [(cue.start, cue.end, cue.payload, cue.identifier) for cue in cues] == [
            (cue["startTime"], cue["endTime"], cue["text"], cue["id"]) for cue in wanted
        ]
    else:
        assert len(cues) == 1


@needs_media
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("captions_with_bom", 4), ("comments", 3), ("cue_tags", 3), ("metadata_headers", 2),
        ("metadata_headers_multiline", 2), ("one_caption", 1), ("sample", 16), ("styles", 1),
        ("using_identifiers", 6), ("youtube_dl", 4),
    ],
)  # fmt: skip
def test_real_files(name: str, count: int) -> None:
    assert len(read_vtt(MEDIA / "webvtt-py" / "subtitles" / f"{name}.vtt")) == count


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ("<v Mary>No way!</v>", (("Mary", "No way!"),)),
        ("<v.loud.first Joe>That's <b>awesome</b>!", (("Joe", "That's awesome!"),)),
        ("<v Ana>Hi.</v> <v Ben>Hello <i.x>there</i></v>", (("Ana", "Hi."), ("Ben", "Hello there"))),
        ("<v Ana>Hi. <v Ben>Hello", (("Ana", "Hi."), ("Ben", "Hello"))),
        ("<v Ana Ruiz>Tom &amp; I &lt;3\nyou</v>", (("Ana Ruiz", "Tom & I <3 you"),)),
        ("<v A&amp;B>x", (("A&B", "x"),)),
        ("<c.red><v Ana>Nested</v></c>", (("Ana", "Nested"),)),
        ("<v\tAna>Tab", (("Ana", "Tab"),)),
        ("Like a <00:19.000>big-a <lang en>pizza</lang>", ((None, "Like a big-a pizza"),)),
        ("<v>nobody</v>", ((None, "nobody"),)),
        ("<video Ana>not a voice", ((None, "not a voice"),)),
        ("<v Ana></v>", ()),
        ("", ()),
    ],
)
def test_voices(payload: str, said: tuple[tuple[str | None, str], ...]) -> None:
    assert voices(payload) == said


def test_everything_around_the_cues_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    path.write_bytes(
        "\ufeffWEBVTT - title\r\nX: y\r\n\r\n"
        "NOTE a\r\nb\r\n\r\nSTYLE\r\n::cue(v) { color: red }\r\n\r\nREGION\r\nid:r\r\n\r\n"
        "one\r\n01:00:00.000 --> 01:00:01.500 region:r align:left\r\n<v Zoë>Eh\r\n".encode()
    )
    (cue,) = read_vtt(path)
    assert (cue.start, cue.end, cue.identifier, cue.settings) == (3600.0, 3601.5, "one", "region:r align:left")
    assert read_turns(path) == (LabelledSegment(3600.0, 3601.5, "Zoë", "Eh", "a.vtt"),)


def test_all_bad_times_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    path.write_text("WEBVTT\n\n00:01 --> 00:02.000\na\n\n00:03.000 --> 00:02.000\nb\n\n00:61.000 --> 01:02.000\nc\n")
    with pytest.raises(SceneError) as caught:
        read_vtt(path)
    assert [problem.line for problem in caught.value.problems] == [3, 6, 9]
    assert "ends before it starts" in str(caught.value)


def test_two_voices_share_a_cue_by_their_words(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    path.write_text("WEBVTT\n\n00:00.000 --> 00:04.000\n<v Ana>one two three</v><v Ben>four.</v>\n")
    ana, ben = read_turns(path)
    assert ana.start == 0
    assert ana.end == ben.start == pytest.approx(4 * 13 / 18, abs=1e-6)
    assert ben.end == 4


def test_what_is_not_utf8_is_placed(tmp_path: Path) -> None:
    (tmp_path / "a.vtt").write_bytes(b"WEBVTT\n\n00:00.000 --> 00:01.000\nZo\xeb\n")
    with pytest.raises(SceneError, match=r"a\.vtt:4:\d+: error: this is not UTF-8 text"):
        read_vtt(tmp_path / "a.vtt")
    (tmp_path / "b.vtt").write_bytes("WEBVTT\n\n00:00.000 --> 00:01.000\n<v Zoë>x\n".encode("utf-16"))
    assert read_turns(tmp_path / "b.vtt")[0].label == "Zoë"


NAMES = st.text(st.characters(blacklist_categories=("C", "Z")), min_size=1, max_size=12)
WORDS = st.lists(NAMES, min_size=1, max_size=5).map(" ".join)
TURNS = st.lists(
    st.tuples(st.integers(0, 400_000_000), st.integers(1, 60_000), NAMES, WORDS).map(
        lambda t: LabelledSegment(t[0] / 1000, (t[0] + t[1]) / 1000, t[2], t[3])
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(TURNS)
def test_there_and_back(tmp_path_factory: pytest.TempPathFactory, turns: list[LabelledSegment]) -> None:
    path = tmp_path_factory.mktemp("vtt") / "a.vtt"
    path.write_text(write_vtt(turns, {turn.label: "#ee6666" for turn in turns}), encoding="utf-8")
    cues = read_vtt(path)
    assert [(cue.start, cue.end, *voices(cue.payload)[0]) for cue in cues] == [
        (turn.start, turn.end, turn.label, turn.text) for turn in turns
    ]


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="<>v/ .A&amp;-:01\n\t\u00e9WEBVTT", max_size=200))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("vtt") / "a.vtt"
    path.write_text("WEBVTT\n\n" + text, encoding="utf-8")
    try:
        for cue in read_vtt(path):
            voices(cue.payload)
    except SceneError as error:
        assert all(problem.line for problem in error.problems)
