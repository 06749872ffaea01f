"""From a scene in YAML to a finished film. See docs/layout.md for a line per file and docs/scene.md for the language."""

import model  # installs the torchaudio import hook before anything imports torchaudio

__all__ = ["__version__"]
__version__ = "0.1.0"
_ = model
