"""Templates are programs: what they may cost, and where their mistakes are."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from dialogue.ground.errors import SceneError
from dialogue.scene.template import Limits, fill

BOUNDS = Limits(seconds=1.0, memory=1 << 28, patience=60.0)


@pytest.mark.parametrize(
    "hostile",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{{ lipsum(n=10000000) }}",
        "{{ [1] | slice(999999999) | list | length }}",
        "{% set n = namespace(s='xxxxxxxxxx') %}{% for i in range(40) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
        "{{ 'a'.ljust(9999999999) | length }}",
        "{{ 'a'.zfill(5999999999) | length }}",
        "{{ 'a'.ljust(200000000) | indent(4) | length }}",
        "{{ 'a' | center(4000000000) | length }}",
        "{{ '%9999999999d' | format(1) | length }}",
        "{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}",
    ],
    ids=["ranges", "lipsum", "slice", "doubling", "ljust", "zfill", "indent", "center", "format", "recursion"],
)  # fmt: skip
def test_a_template_takes_bounded_time_and_memory(hostile: str) -> None:
    began = time.monotonic()
    with pytest.raises(SceneError, match=r"t\.yaml\.j2:\d:1: error: in the template: "):
        fill(f"scene: 1\n{hostile}\n", "t.yaml.j2", {}, BOUNDS)
    assert time.monotonic() - began < BOUNDS.patience


def test_a_template_that_waits_is_given_up() -> None:
    with pytest.raises(SceneError, match="it runs longer than 0.01 s"):
        fill("{{ lipsum(n=10000000) }}", "t.yaml.j2", {}, Limits(patience=0.01))


def test_no_module_of_the_folder_it_is_started_in_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("json", "jinja2", "pickle", "dialogue"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert fill("title: {{ title }}", "t.yaml.j2", {"title": "ü"}).text == "title: ü"
    assert not (tmp_path / "ran").exists()
