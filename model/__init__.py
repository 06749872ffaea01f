"""Talking-character video generators as a library: no scene, no speaker's name, no film.

Importing this package imports no torch; take what is needed from its modules.
"""

from model.torchaudio_hook import install as _install_torchaudio_hook

_install_torchaudio_hook()
