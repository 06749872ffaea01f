"""Before any test of the library: its torchaudio hook, and one thread.

On tensors this small, threads only wait for each other (ten times slower on a busy machine).
"""

from __future__ import annotations

import torch

import model

assert model.__doc__
torch.set_num_threads(1)
