"""Edits of a scene file touch their own span alone, whatever stands around it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialogue.scene.edit import Edit, EditError, Insert, Remove, Rename, Set, edited, tree_after
from dialogue.scene.source import compose
from dialogue.scene.spans import spans, walk

SCENES = Path(__file__).parents[3] / "scenes"

SCENE = """# A scene
scene: 1   # the version
cast:
  ana: {track: ana.flac, face: [1, 2, 30, 40]}   # she
  ben:
    track: 'ben.flac'
    face: [  # his
      5, 6,  # left, top
      70, 80,
    ]
picture: "night.png"

lines:
  # the first
  - ana: Did you hear that?   # whispered

  - ben: "Hear what?"
    emotion: {blend: {neutral: 0.4, fear: 0.6}}
    # after the emotion
  - ana: |   # a block
      The lighthouse.
      Somebody is there.

shots: [{picture: night.png, until: 3}, {until: 9}]
# the end
"""

KNOWN: list[tuple[Edit, str, str]] = [
    (Set(("cast", "ana", "face"), [1, 2.5, 30, 44]), "face: [1, 2, 30, 40]}", "face: [1, 2.5, 30, 44]}"),
    (Set(("cast", "ben", "face", 2), 77), "      70, 80,", "      77, 80,"),
    (Set(("cast", "ben", "track"), "it's.wav"), "'ben.flac'", "'it''s.wav'"),
    (Set(("picture",), "day.png"), '"night.png"\n\n', '"day.png"\n\n'),
    (Set(("lines", 0, "ana"), "No: not that"), "Did you hear that?   #", '"No: not that"   #'),
    (Set(("lines", 0, "emotion"), "fear"), "whispered\n", "whispered\n    emotion: fear\n"),
    (Set(("lines", 1, "emotion"), "joy"), "{blend: {neutral: 0.4, fear: 0.6}}", "joy"),
    (Set(("lines", 1, "emotion", "blend", "fear"), 0.5), "fear: 0.6", "fear: 0.5"),
    (Set(("lines", 1, "from"), 2.4), "fear: 0.6}}\n", "fear: 0.6}}\n    from: 2.4\n"),
    (Rename(("lines", 0, "ana"), "ben"), "- ana: Did", "- ben: Did"),
    (Remove(("lines", 1, "emotion")), "    emotion: {blend: {neutral: 0.4, fear: 0.6}}\n", ""),
    (Remove(("lines", 0)), "  - ana: Did you hear that?   # whispered\n", ""),
    (Insert(("lines", 1), {"ben": "What?"}), "whispered\n", "whispered\n  - ben: What?\n"),
    (Remove(("shots", 0)), "{picture: night.png, until: 3}, ", ""),
    (Remove(("shots", 1)), ", {until: 9}", ""),
    (Insert(("shots", 2), {"lines": [4]}), "{until: 9}", "{until: 9}, {lines: [4]}"),
    (Set(("shots", 1, "locked"), True), "{until: 9}", "{until: 9, locked: yes}"),
    (Set(("title",), "A: B"), "until: 9}]\n", 'until: 9}]\ntitle: "A: B"\n'),
    (
        Set(("lines", 2, "ana"), "Gone."),
        "|   # a block\n      The lighthouse.\n      Somebody is there.",
        "Gone.   # a block",
    ),
]


@pytest.mark.parametrize(("edit", "old", "new"), KNOWN, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_the_span_changes(edit: Edit, old: str, new: str, newline: str) -> None:
    before, wanted = (text.replace("\n", newline) for text in (SCENE, SCENE.replace(old, new, 1)))
    assert edited(before, [edit]) == wanted


def test_a_value_that_others_share_is_not_changed_behind_their_backs() -> None:
    text = "a: &x {b: 1}\nc: *x\n"
    with pytest.raises(EditError, match="change it in the file"):
        edited(text, [Set(("a", "b"), 2)])
    assert edited(text, [Set(("c", "b"), 2)]) == "a: &x {b: 1}\nc: {b: 2}\n"


def test_a_parent_that_would_be_empty_goes_too() -> None:
    assert edited("a: 1\nshots:\n  - {until: 3}\nb: 2\n", [Remove(("shots", 0))]) == "a: 1\nb: 2\n"


def test_lists_of_mappings_are_written_as_blocks() -> None:
    shots = [{"until": 3, "picture": "a b.png"}, {"picture": "c.png"}]
    wanted = "scene: 1\nshots:\n  - until: 3\n    picture: a b.png\n  - picture: c.png\n"
    assert edited("scene: 1\n", [Set(("shots",), shots)]) == wanted


@pytest.mark.parametrize("path", [("lines", 9, "emotion"), ("cast", "ana", "face", 4), ("cast", "ana", "track", "x")])
def test_no_such_place_is_said(path: tuple[str | int, ...]) -> None:
    with pytest.raises(EditError):
        edited(SCENE, [Set(path, "x")])


# Any file, any edit: what is read afterwards is what was wanted, and every comment elsewhere is still there.

WORDS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "no",
        "~",
        "null",
        "1:23",
        "#x",
        " #x",
        "a: b",
        "- a",
        "*a",
        "&a",
        "'",
        '"',
        "[",
        "{",
        "}",
        "%",
        "@",
        "?",
        "\n",
        "a\nb",
        "é",
    ]
)
TREES = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(WORDS, inner, min_size=1, max_size=3),
    max_leaves=6,
)  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> str:
    """A block file, flow collections inside it, comments and blank lines anywhere they may stand."""
    count = [0]

    def comment(own_line: bool = False) -> str:
        if draw(st.integers(0, 2)):
            return ""
        count[0] += 1
        return f"# comment {count[0]}, of: [its] own" if own_line else f"  # comment {count[0]}, of: [its] own"

    def scalar() -> str:
        return draw(
            st.sampled_from(["word", "two words", "'it''s'", '"a: \\u00e9"', "1:23", "12.5", "no", "", "''", "é#x"])
        )

    def flow(depth: int) -> str:
        kind = draw(st.integers(0, 2 if depth else 0))
        if kind == 0:
            return scalar() or "x"
        gap = draw(st.sampled_from([", ", ",", " , ", f",  # in flow {draw(st.integers(0, 99))}\n        "]))
        parts = [flow(depth - 1) for _ in range(draw(st.integers(1, 3)))]
        tail = draw(st.sampled_from(["", ","]))
        if kind == 1:
            return "[" + gap.join(parts) + tail + "]"
        return "{" + gap.join(f"k{n}: {part}" for n, part in enumerate(parts)) + tail + "}"

    def block(depth: int, indent: int) -> list[str]:
        pad, lines = " " * indent, []
        listed = draw(st.booleans())
        for number in range(draw(st.integers(1, 3))):
            if note := comment(True):
                lines.append(pad + note)
            if draw(st.integers(0, 4)) == 0:
                lines.append("")
            head = "-" if listed else f"key{number}:"
            if depth and draw(st.booleans()):
                inner = block(depth - 1, indent + 2)
                if listed and not inner[0].lstrip().startswith("#") and inner[0]:
                    lines += [f"{pad}- {inner[0].lstrip()}", *inner[1:]]
                else:
                    lines += [f"{pad}{head}{comment()}", *inner]
            elif draw(st.integers(0, 5)) == 0:
                lines += [
                    f"{pad}{head} {draw(st.sampled_from(['|', '>', '|-', '|+', '>+']))}",
                    f"{pad}  text",
                    f"{pad}  more",
                ]
                lines += [""] * draw(st.integers(0, 2))
            else:
                lines.append(f"{pad}{head} {flow(2)}{comment()}".rstrip())
        return lines

    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = end.join("\n".join(block(3, 0)).split("\n"))
    return text + draw(st.sampled_from(["", end, f"{end}# the end{end}"]))


@st.composite
def edits_of(draw: st.DrawFn, text: str) -> Edit:
    places = list(walk(spans(text)))
    path, span = draw(st.sampled_from(places))
    kind = draw(st.integers(0, 4))
    if kind == 0 and path:
        return Remove(path)
    if kind == 1 and span.kind == "items":
        return Insert((*path, draw(st.integers(0, len(span.children)))), draw(TREES))
    if kind == 2 and span.kind == "keys":
        return Rename(
            (*path, draw(st.sampled_from(list(span.tree)))), draw(WORDS.filter(lambda word: word not in span.tree))
        )
    if kind == 3 and span.kind == "keys":
        return Set((*path, draw(WORDS)), draw(TREES))
    return Set(path or (next(iter(span.tree)) if span.kind == "keys" else 0,), draw(TREES))


def comments(text: str) -> list[str]:
    return re.findall(r"# comment \d+", text)


@settings(max_examples=120, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_edit_of_any_file(data: st.DataObject) -> None:
    text = data.draw(files())
    problems: Any = compose(text, "x")[1]
    assert not problems
    edit = data.draw(edits_of(text))
    try:
        after = edited(text, [edit])
    except EditError:
        return  # said, and nothing was written
    assert spans(after).tree == tree_after(spans(text).tree, edit)
    if text.count("\r\n") == text.count("\n") > 0:
        assert after.count("\r\n") == after.count("\n")
    whole = dict(walk(spans(text))).get(edit.path)  # a block that becomes a text goes with what is inside it
    if not isinstance(edit, Remove) and (whole is None or whole.kind == "text" or isinstance(edit, Insert)):
        assert comments(after) == comments(text)


@pytest.mark.parametrize("scene", sorted(SCENES.glob("*/scene.yaml")), ids=lambda path: path.parent.name)
def test_every_value_of_the_example_scenes_can_be_replaced(scene: Path) -> None:
    text = scene.read_text(encoding="utf-8")
    root, changed = spans(text), 0
    for path, span in walk(root):
        if span.kind == "text":
            after = edited(text, [Set(path, f"new: {span.tree}")])
            assert after.startswith(text[: span.start])
            assert after.endswith(text[span.end :])
            changed += 1
    assert changed > 10
