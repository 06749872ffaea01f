"""The attention kernels that may be asked for, by short names. Imports no torch."""

from __future__ import annotations

NATIVE = "native"  # PyTorch's own choice, which takes FlashAttention 2 before cuDNN
# Our name -> diffusers'.
BACKENDS = {
    NATIVE: "native",
    "cudnn": "_native_cudnn",
    "flash-2": "flash",
    "flash-3": "_flash_3",
    "sage": "sage",
    "flex": "flex",
}
