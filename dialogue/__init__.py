"""From a scene in YAML to a finished film. docs/layout.md has a line per file, docs/scene.md the language."""

import model  # installs the torchaudio import hook before anything imports torchaudio
from dialogue.ground.own_code import VERSION as __version__

__all__ = ["__version__"]
_ = model
