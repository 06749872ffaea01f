"""Before any test of the library: its torchaudio hook, one thread, and no clock in hypothesis.

On tensors this small, threads only wait for each other (ten times slower on a busy machine), and a busy machine is no
reason for a property to fail.
"""

from __future__ import annotations

import hypothesis
import pytest
import torch

import model

assert model.__doc__


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Whatever a test before this one set: sums in another number of threads differ in their last bit."""
    torch.set_num_threads(1)


hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
