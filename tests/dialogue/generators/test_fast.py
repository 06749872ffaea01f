"""`--fast`: names checked before any work, refused where a generator has none, and part of what a clip is known by."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dialogue.cli.app import app
from dialogue.generators import GENERATORS, generator
from dialogue.generators.fast import fast_asked_for, fast_given
from dialogue.generators.tiny import tiny
from model.fast_names import NAMES

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("warp", "fast has 'warp'; it takes cfg-cache"),
        ("taylor,easy-cache", "both leave out whole steps"),
        ("distilled,taylor", "leave nothing for taylor"),
        (",".join(NAMES[:1]), "the generator 'animatic' has no such shortcut, it has none; leave --fast out"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(names: str, said: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scenes" / "interruption", tmp_path / "scene")
    scene = tmp_path / "scene" / "scene.yaml"
    with scene.open("a") as file:
        file.write("\ngenerator: animatic\n")
    done = CliRunner().invoke(app, ["render", str(scene), "--dry-run", "--fast", names])
    told = " ".join(done.output.replace("│", " ").split())
    assert said in told and done.exit_code in (1, 2)


def test_the_environment_asks_only_generators_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALOGUE_FAST", "cfg-cache")
    assert fast_asked_for() == ("cfg-cache",)
    with fast_given(("taylor",)):
        assert fast_asked_for() == ("taylor",)
        with fast_given(None):
            assert fast_asked_for() == ("taylor",)
    with fast_given(()):
        assert fast_asked_for() == ()
    monkeypatch.setenv("DIALOGUE_FAST", "warp")
    with pytest.raises(ValueError, match="DIALOGUE_FAST: fast has 'warp'"):
        fast_asked_for()


def test_a_clip_is_known_by_its_shortcuts() -> None:
    with fast_given(()):
        exact = tiny.fingerprint()
    for name in NAMES:
        with fast_given((name,)):
            made = tiny.fingerprint()
        assert (name in made and made != exact) if name in tiny.FAST else made == exact


@pytest.mark.parametrize("name", GENERATORS)
def test_every_generator_says_what_it_takes(name: str) -> None:
    assert set(generator(name).FAST) <= set(NAMES)
