"""The page in the package is the one its sources make, and says what it is made of."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BUNDLE = ROOT / "dialogue/studio/page"
SOURCES = ROOT / "page"


@pytest.mark.skipif(not SOURCES.is_dir(), reason="the page's sources are not part of an installed package")
def test_the_bundle_is_of_these_sources() -> None:
    digest = hashlib.sha256()
    names = [f"src/{file.name}" for file in sorted((SOURCES / "src").iterdir())]
    for name in [*names, "build.mjs", "package-lock.json"]:
        digest.update(f"{name}\0".encode() + (SOURCES / name).read_bytes() + b"\0")
    assert (BUNDLE / "SOURCES").read_text().strip() == digest.hexdigest(), "cd page && npm ci && npm run build"


def test_nothing_is_fetched_from_elsewhere() -> None:
    for file in BUNDLE.iterdir():
        if file.suffix in (".js", ".css", ".html"):
            found = set(re.findall(r"https?://[\w.-]+", file.read_text(encoding="utf-8")))
            assert found <= {"http://www.w3.org"}, file.name


def test_licences_of_what_is_bundled() -> None:
    text = (BUNDLE / "LICENSES.txt").read_text(encoding="utf-8")
    for name in ("preact ", "@preact/signals ", "@preact/signals-core "):
        assert f"\n{name}" in text
    assert text.count("MIT License") >= 2


def test_the_lock_names_no_registry() -> None:
    if SOURCES.is_dir():
        assert '"resolved"' not in (SOURCES / "package-lock.json").read_text(encoding="utf-8")
