"""From a scene in YAML to a finished film. docs/layout.md has a line per file, docs/scene.md the language."""

import model  # installs the torchaudio import hook before anything imports torchaudio

__all__ = ["__version__"]
__version__ = "0.1.0"
_ = model
