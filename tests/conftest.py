"""No test reads or writes the user's own folders, and none leaves anything behind in the repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialogue.media.face_files import VARIABLE, faces_folder

ROOT = Path(__file__).parents[1]
_PLACES = {"HOME": "home", "XDG_DATA_HOME": "data", "XDG_CACHE_HOME": "cache", "XDG_CONFIG_HOME": "config"}
_KEPT = (VARIABLE, "DIALOGUE_WRITE_GOLDEN")
_LEFT_BY_TOOLS = {"__pycache__", ".hypothesis", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".git", ".venv"}


@pytest.fixture(autouse=True, scope="session")
def nothing_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Folders of their own for all tests together, whose measures are kept from one test to the next."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(faces_folder()))  # fetched once for this machine, and only read
        for variable, name in _PLACES.items():
            patch.setenv(variable, str(tmp_path_factory.mktemp(name)))
        for variable in [name for name in os.environ if name.startswith("DIALOGUE_") and name not in _KEPT]:
            patch.delenv(variable)
        yield


@pytest.fixture(autouse=True)
def environment_stays() -> Iterator[None]:
    """What a test, or a library it loads, sets in the environment is gone after it: the order of tests says nothing."""
    os.environ.pop("HF_HUB_OFFLINE", None)  # which a pipeline sets for its process, also one that a module shares
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys() - {"PYTEST_CURRENT_TEST"}:
        del os.environ[name]
    os.environ.update({name: value for name, value in before.items() if os.environ.get(name) != value})


@pytest.fixture(autouse=True, scope="session")
def nothing_left_behind() -> Iterator[None]:
    """Every file of the repository's folders is one that was there before."""
    before = _files()
    yield
    left = sorted(_files() - before)
    assert not left, f"tests left {', '.join(left[:5])} in the repository"


def _files() -> set[str]:
    found = set()
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [name for name in inner if name not in _LEFT_BY_TOOLS and not name.endswith(".egg-info")]
        found |= {os.path.relpath(os.path.join(folder, name), ROOT) for name in names}
    return found
