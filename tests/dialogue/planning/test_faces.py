"""Whose face is where: boxes in the output frame, regions apart, choices of found faces that cannot be mistaken."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from planned_scenes import ANIMATIC, TWO, WINDOWED, measured, planned

from dialogue.ground.box import Box
from dialogue.ground.errors import SceneError
from dialogue.measures.measures import Measures
from dialogue.media.media import FoundFace, Mouth
from dialogue.planning.framing import output_size, to_output, view_of
from dialogue.planning.regions import regions_of
from dialogue.scene.scene import FaceBox, FacePoint

SILENT = {"ana.wav": [(1, 2)], "ben.wav": [(3, 4)]}
FOUND = {"two.png": [(120, 80, 180, 200), (420, 90, 170, 190)]}


def with_faces(ana: str, ben: str) -> str:
    return TWO.replace("face: [120, 80, 180, 200]", f"face: {ana}").replace("face: [420, 90, 170, 190]", f"face: {ben}")


def test_the_frame_follows_the_picture_at_the_generators_size() -> None:
    assert output_size((768, 512), 704 * 704, 64) == (832, 576)
    assert output_size((704, 704), 704 * 704, 2) == (704, 704)


def test_a_crop_is_as_large_as_it_can_be_and_holds_the_faces() -> None:
    view = view_of((768, 512), (512, 512), [Box(500, 90, 170, 190)])
    assert (view.width, view.height) == (512, 512)
    assert view.x == 256  # as far right as the picture goes
    assert view_of((768, 512), (512, 512), []) == Box(128, 0, 512, 512)


def test_faces_too_far_apart_for_a_crop_widen_the_view_beyond_the_picture() -> None:
    view = view_of((768, 512), (512, 512), [Box(20, 80, 150, 180), Box(600, 80, 150, 180)])
    assert view.width == view.height > 512 and view.y < 0
    assert view.x <= 20 and view.right >= 750


boxes = st.builds(Box, st.integers(0, 600), st.integers(0, 400), st.integers(20, 168), st.integers(20, 112))


@given(st.lists(boxes, max_size=4), st.sampled_from([(704, 704), (1024, 576), (576, 1024), (512, 768)]))
def test_every_face_of_the_picture_is_whole_in_the_frame(faces: list[Box], output: tuple[int, int]) -> None:
    view = view_of((768, 512), output, faces)
    assert view.width / view.height == pytest.approx(output[0] / output[1], rel=1e-3)
    for face in faces:
        placed = to_output(face, view, output)
        assert placed.x >= -0.1 and placed.y >= -0.1
        assert placed.right <= output[0] + 0.1 and placed.bottom <= output[1] + 0.1


@given(st.lists(boxes, min_size=1, max_size=5))
def test_regions_hold_their_face_and_nobody_elses(faces: list[Box]) -> None:
    assume(all(a.intersection(b).area == 0 for i, a in enumerate(faces) for b in faces[i + 1 :]))
    regions, met = regions_of(faces, (768, 512))
    for i, (face, region) in enumerate(zip(faces, regions, strict=True)):
        assert region.inside(768, 512)
        assert region.intersection(face).area >= face.area * 0.85  # a line on a whole pixel may take a sliver
        for j, other in enumerate(regions[:i]):
            assert region.intersection(other).area == 0, (i, j, met)


def test_a_region_is_three_faces_wide_and_high_where_there_is_room() -> None:
    (region,), met = regions_of([Box(300, 200, 60, 80)], (768, 512))
    assert region == Box(240, 120, 180, 240) and not met


def test_regions_meet_on_a_tokens_edge_between_the_faces_and_spare_strangers() -> None:
    (left, right), met = regions_of([Box(100, 100, 200, 200), Box(420, 100, 200, 200)], (768, 512))
    assert met == ((0, 1),) and left.right == right.x == 352
    (spared,), _ = regions_of([Box(100, 100, 200, 200)], (768, 512), [Box(420, 100, 200, 200)])
    assert spared.right == 352


def test_boxes_are_carried_into_the_frame(tmp_path: Path) -> None:
    plan = planned(tmp_path, TWO + "output: {size: 1536x1024}\n", measured(speech=SILENT))
    assert plan.shots[0].view == Box(0, 0, 768, 512)
    assert plan.shots[0].faces[0].box == Box(240, 160, 360, 400)
    assert plan.shots[0].faces[0].origin == "given box; region shrunk to meet ben's"


def test_detect_left_and_right_and_by_number(tmp_path: Path) -> None:
    text = with_faces("{detect: right}", "{detect: 1}")
    plan = planned(tmp_path, text + "output: {size: 768x512}\n", measured(speech=SILENT, faces=FOUND))
    by_speaker = {face.speaker: face.box for face in plan.shots[0].faces}
    assert by_speaker == {"ana": Box(420, 90, 170, 190), "ben": Box(120, 80, 180, 200)}


@pytest.mark.parametrize(
    ("ana", "ben", "found", "message"),
    [
        ("{detect: left}", "{detect: right}", 3, "detect: left needs two faces, but two.png has 3"),
        ("{detect: left}", "[420, 90, 170, 190]", 1, "detect: left needs two faces, but two.png has 1"),
        ("{detect: largest}", "[700, 90, 50, 50]", 2, "two faces of two.png are about as large"),
        ("{detect: 3}", "[420, 90, 170, 190]", 2, "detect: 3, but two.png has 2 faces"),
        ("{detect: 1}", "{detect: 1}", 2, "are the same face in two.png"),
        ("{detect: 1}", "[420, 90, 170, 190]", 0, "no face was found in two.png"),
    ],
)
def test_an_unclear_choice_is_an_error_with_what_was_found(
    tmp_path: Path, ana: str, ben: str, found: int, message: str
) -> None:
    three = [*FOUND["two.png"], (650, 300, 60, 60)][:found]
    with pytest.raises(SceneError) as caught:
        planned(tmp_path, with_faces(ana, ben), measured(speech=SILENT, faces={"two.png": three}))
    text = str(caught.value)
    assert message in text and "scene.yaml:3:" in text or "scene.yaml:4:" in text
    if found and "same face" not in message:
        assert "1 [120, 80, 180, 200]" in text


def test_a_face_that_is_nobodys_gets_no_mask_and_a_warning(tmp_path: Path) -> None:
    found = {"two.png": [*FOUND["two.png"], (640, 300, 60, 60)]}
    plan = planned(tmp_path, with_faces("{detect: 1}", "{detect: 2}"), measured(speech=SILENT, faces=found))
    assert any("the face at [640, 300, 60, 60] is nobody's" in warning for warning in plan.warnings)
    assert len(plan.shots[0].faces) == 2


def test_who_is_not_named_in_a_shots_faces_is_off_screen(tmp_path: Path) -> None:
    shots = "shots:\n  - {until: 5}\n  - {picture: close.png, faces: {ana: [60, 40, 300, 340]}}\n"
    plan = planned(tmp_path, TWO + shots, measured(speech=SILENT))
    assert [[face.speaker for face in shot.faces] for shot in plan.shots] == [["ana", "ben"], ["ana"]]


def test_a_size_the_generator_cannot_make_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"multiples of 64, not 700x500 \(704x512 is nearest\)"):
        planned(tmp_path, TWO + "output: {size: 700x500}\n", measured(speech=SILENT), WINDOWED)
    assert planned(tmp_path, TWO + "output: {size: 700x500}\n", measured(speech=SILENT), ANIMATIC).width == 700


def test_a_box_out_of_its_picture_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"the face \[700, 90, 170, 190\] of ben reaches out of two.png"):
        planned(tmp_path, with_faces("[120, 80, 180, 200]", "[700, 90, 170, 190]"), measured(speech=SILENT))


def looked_at(written: str, found: FoundFace | None) -> Measures:
    """Measures in which the face written for ana was looked at."""
    measures = measured(speech=SILENT)
    numbers = json.loads(written)
    face = FacePoint(point=tuple(numbers)) if len(numbers) == 2 else FaceBox(box=tuple(numbers))
    return dataclasses.replace(measures, placed={("two.png", face): found})


def test_a_point_is_the_face_it_lies_in(tmp_path: Path) -> None:
    mouth = Mouth((180, 230), (230, 232), 0.9, "test")
    found = FoundFace(Box(120, 80, 180, 200), 1.0, "test", mouth)
    plan = planned(tmp_path, with_faces("[200, 150]", "[420, 90, 170, 190]"), looked_at("[200, 150]", found))
    face = plan.shots[0].faces[0]
    assert face.origin.startswith("at a given point") and face.mouth is not None
    scale = plan.width / plan.shots[0].view.width
    left, right = face.mouth.left, face.mouth.right
    assert right[0] - left[0] == pytest.approx(50 * scale, abs=0.2) and face.mouth.confidence == 0.9
    assert face.box.contains(*left) and face.box.contains(*right)
    assert not plan.warnings


def test_a_point_where_no_face_is_and_a_box_on_nothing_are_errors_at_their_places(tmp_path: Path) -> None:
    told = {
        "[9, 9]": r"no face was found at \[9, 9\] in two.png",
        "[2, 2, 50, 60]": r"the box \[2, 2, 50, 60\] holds nothing like a face in two.png",
    }
    for written, words in told.items():
        with pytest.raises(SceneError, match=rf"yaml:3:\d+: error: {words}"):
            planned(tmp_path, with_faces(written, "[420, 90, 170, 190]"), looked_at(written, None))


def test_an_unsure_mouth_is_a_warning_that_says_what_settles_it(tmp_path: Path) -> None:
    mouth = Mouth((180, 230), (230, 232), 0.2, "edges and colours")
    found = FoundFace(Box(120, 80, 180, 200), 0.2, "test", mouth)
    measures = looked_at("[120, 80, 180, 200]", found)
    (warning,) = planned(tmp_path, TWO, measures).warnings
    assert "ana's mouth" in warning and "20%" in warning
    assert "face: {box: [120, 80, 180, 200], mouth: [x, y]} sets it" in warning
