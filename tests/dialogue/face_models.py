"""The models that find faces, for tests: where they are on this machine, whatever home a test gives itself."""

from __future__ import annotations

import pytest

from dialogue.media.face_files import COMMAND, face_files, faces_folder

FOLDER = faces_folder()  # before any test changes the environment
needs_face_models = pytest.mark.skipif(not face_files(), reason=f"the models that find faces are not here: {COMMAND}")
