"""Faces: what the cascades and the mesh find of known faces, insightface's real code with hand-made models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from face_models import FOLDER, needs_face_models
from PIL import Image

from dialogue.ground.box import Box
from dialogue.ground.errors import SceneError
from dialogue.media import faces
from dialogue.media.faces import detect, like

ROOT = Path(__file__).parents[3]
MEDIA = ROOT / ".." / "shared" / "media"
needs_media = pytest.mark.skipif(not MEDIA.is_dir(), reason="no shared media beside the project")


@pytest.fixture(autouse=True)
def no_models(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, so that models on this machine change nothing here."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("DIALOGUE_FACES", str(home / "none"))
    monkeypatch.setenv("DIALOGUE_FACES", str(home / "none"))
    monkeypatch.delenv(faces.MODELS_VARIABLE, raising=False)
    return home


def score(names: list[str], met: float = 0.4) -> tuple[int, int, int, list[str]]:
    """Faces there are, faces found by their overlap, boxes that are no face, pictures with a missed face."""
    known = json.loads((MEDIA / "faces.json").read_text("utf-8"))["images"]
    true = found = false = 0
    missed = []
    for name in names or known:
        boxes = [Box(*box) for box in known[name]["boxes_xywh"]]
        hits = detect(MEDIA / name)
        assert [hit.box.center for hit in hits] == sorted(hit.box.center for hit in hits)
        right = [any(hit.box.overlap(box) >= met for hit in hits) for box in boxes]
        true += len(boxes)
        found += sum(right)
        false += sum(all(hit.box.overlap(box) < met for box in boxes) for hit in hits)
        missed += [name] * right.count(False)
    return true, found, false, missed


@pytest.fixture
def mesh(no_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model files that find faces, where this machine has them."""
    monkeypatch.setenv("DIALOGUE_FACES", str(FOLDER))


@needs_face_models
@needs_media
def test_every_known_face_but_a_llamas_is_found_and_nothing_else(mesh: None) -> None:
    assert score([], 0.3) == (23, 22, 0, ["LivePortrait/images/s23.jpg"])


@needs_face_models
def test_drawn_people_are_found_in_every_emotion(mesh: None) -> None:
    """Every fifth of the emotion pictures of the ready characters, and nobody twice."""
    pictures = sorted((ROOT / "dialogue" / "characters").glob("*/*.png"))
    pictures = [path for path in pictures if path.parent.name != "places"][::5]
    found = [len(detect(path)) for path in pictures]
    assert len(pictures) >= 12
    assert found == [1] * len(pictures), [p for p, count in zip(pictures, found, strict=True) if count != 1]


@needs_face_models
@needs_media
def test_the_mouth_of_a_found_face_is_on_the_mouth(mesh: None) -> None:
    known = json.loads((MEDIA / "mouths.json").read_text("utf-8"))["pictures"]["StableAvatar/images/case6.png"]
    mouth = known["faces"][0]["mouth"]
    (face,) = detect(MEDIA / "StableAvatar/images/case6.png")
    assert face.origin == "BlazeFace and face mesh"
    assert face.mouth is not None and face.mouth.confidence > 0.9
    for mine, true in ((face.mouth.left, mouth["left"]), (face.mouth.right, mouth["right"])):
        assert np.hypot(*np.subtract(mine, true)) < 0.05 * (mouth["right"][0] - mouth["left"][0])


@needs_media
def test_known_faces() -> None:
    """A crowd, a cartoon, a dark face, a dog and flat animals: every face, and nothing else."""
    crowd, dark = "facenet-pytorch/images/multiface.jpg", "hallo3/images/0003.jpg"
    cartoon, dog, animals = "SadTalker/images/art_7.png", "LivePortrait/images/s25.jpg", "mtcnn/images/no-faces.jpg"
    assert score([crowd, dark, cartoon, dog, animals]) == (8, 8, 0, [])


@pytest.mark.slow
@needs_media
def test_all_known_faces() -> None:
    """The floor: 20 of 23, no false box. Missed: a face three quarters away, one cut by the edge, a llama."""
    true, found, false, missed = score([])
    assert (true, false) == (23, 0), missed
    assert found >= 20, missed


@needs_media
def test_boxes_are_faces_and_not_heads() -> None:
    (face,) = detect(MEDIA / "LivePortrait" / "images" / "s9.jpg")  # Mona Lisa
    known = json.loads((MEDIA / "faces.json").read_text("utf-8"))["images"]["LivePortrait/images/s9.jpg"]
    assert face.box.overlap(Box(*known["boxes_xywh"][0])) > 0.6
    assert face.origin == "OpenCV cascades"


def test_an_empty_picture_has_no_face(tmp_path: Path) -> None:
    Image.new("RGB", (300, 200), "white").save(tmp_path / "p.png")
    assert detect(tmp_path / "p.png") == ()


def test_likeness_says_what_it_needs(tmp_path: Path, no_models: Path) -> None:
    Image.new("RGB", (300, 200), "white").save(tmp_path / "p.png")
    with pytest.raises(SceneError) as caught:
        like(tmp_path / "p.png", tmp_path / "p.png")
    (line,) = str(caught.value).splitlines()
    for words in (
        "can be looked for only with insightface",
        "~/.insightface/models/buffalo_l",
        "non-commercial",
        "give a box",
    ):
        assert words in line
    assert not (no_models / ".insightface").exists()


def scrfd(seed: int) -> bytes:
    """An ONNX file of SCRFD's shape, with random weights: strides 8, 16, 32; score, box and landmark heads."""
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(seed)
    nodes, weights, outputs = [], [], []
    for stride in (8, 16, 32):
        nodes.append(
            helper.make_node(
                "AveragePool", ["input.1"], [f"p{stride}"], kernel_shape=[stride] * 2, strides=[stride] * 2
            )
        )
    for kind, width in {"score": 1, "bbox": 4, "kps": 10}.items():
        weights.append(numpy_helper.from_array(np.array([-1, width], np.int64), f"shape{width}"))
        for stride in (8, 16, 32):
            name = f"{kind}{stride}"
            bias = {"score": -1.0, "bbox": 2.0, "kps": 0.0}[kind]
            kernel = (random.normal(size=(2 * width, 3, 1, 1)) * 0.5).astype(np.float32)
            weights.append(numpy_helper.from_array(kernel, f"w{name}"))
            weights.append(numpy_helper.from_array(np.full(2 * width, bias, np.float32), f"b{name}"))
            nodes.append(helper.make_node("Conv", [f"p{stride}", f"w{name}", f"b{name}"], [f"c{name}"]))
            nodes.append(helper.make_node("Transpose", [f"c{name}"], [f"t{name}"], perm=[0, 2, 3, 1]))
            last = f"r{name}" if kind == "score" else name
            nodes.append(helper.make_node("Reshape", [f"t{name}", f"shape{width}"], [last]))
            if kind == "score":
                nodes.append(helper.make_node("Sigmoid", [last], [name]))
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [f"n{stride}", width]))
    image = helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [1, 3, "height", "width"])
    graph = helper.make_graph(nodes, "detection", [image], outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return model.SerializeToString()


def arcface(seed: int) -> bytes:
    """An ONNX file of ArcFace's shape: a face of 112 x 112 to 512 numbers, by a random projection of its blocks."""
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(seed)
    weights = [
        numpy_helper.from_array(random.normal(size=(512, 147)).astype(np.float32), "w"),
        numpy_helper.from_array(np.zeros(512, np.float32), "b"),
    ]
    nodes = [
        helper.make_node("AveragePool", ["input.1"], ["p"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "b"], ["683"], transB=1),
    ]
    image = helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [1, 3, 112, 112])
    vector = helper.make_tensor_value_info("683", TensorProto.FLOAT, [1, 512])
    graph = helper.make_graph(nodes, "recognition", [image], [vector], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return model.SerializeToString()


@pytest.fixture
def models(no_models: Path) -> Path:
    folder = no_models / ".insightface" / "models" / "buffalo_l"
    folder.mkdir(parents=True)
    (folder / "det_10g.onnx").write_bytes(scrfd(0))
    (folder / "w600k_r50.onnx").write_bytes(arcface(1))
    faces._analysis.cache_clear()
    return folder


# insightface and its imports warn of their own deprecated calls.
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_insightfaces_own_code_runs_where_models_are(tmp_path: Path, models: Path) -> None:
    """Random weights find random faces: what is tested is loading, the boxes' frame, and likeness by the vectors."""
    pixels = np.random.default_rng(3).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((400, 300), Image.Resampling.BICUBIC).save(tmp_path / "p.png")
    found = detect(tmp_path / "p.png")
    assert found
    assert {face.origin for face in found} == {"insightface buffalo_l"}
    assert all(face.box.inside(400, 300) for face in found)
    assert faces.models_files() == sorted(models.glob("*.onnx"))
    largest = max(found, key=lambda face: face.box.area).box
    assert like(tmp_path / "p.png", tmp_path / "p.png") == largest


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_damaged_models_are_one_line(tmp_path: Path, models: Path) -> None:
    (models / "det_10g.onnx").write_bytes(b"not a model")
    Image.new("RGB", (300, 200), "white").save(tmp_path / "p.png")
    with pytest.raises(SceneError, match="insightface cannot use the models in it") as caught:
        detect(tmp_path / "p.png")
    assert len(str(caught.value).splitlines()) == 1


def test_no_detector_is_imported_before_it_is_needed() -> None:
    heavy = "{'cv2', 'insightface', 'torch', 'av'}"
    code = f"import sys, dialogue.measures, dialogue.media.faces; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "set()"
