"""Models of transformers from a folder, with every weight accounted for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch


def load_pretrained(kind: Any, folder: Path, dtype: torch.dtype, ignored: tuple[str, ...] = (), **options: Any) -> Any:
    """`kind.from_pretrained(folder)` in evaluation mode. ValueError names every weight that the folder lacks or has
    in another shape, which transformers would fill with random numbers, and every one there is no place for.

    `ignored`: the beginnings of names that the folder may have beyond the model, such as the other half of CLIP.
    """
    model, found = kind.from_pretrained(
        folder, torch_dtype=dtype, output_loading_info=True, trust_remote_code=False, **options
    )
    wrong = [f"{name} is missing" for name in sorted(found["missing_keys"])]
    wrong += [f"{entry[0]} has another shape" for entry in sorted(found["mismatched_keys"])]
    wrong += [f"{name} is unexpected" for name in sorted(found["unexpected_keys"]) if not name.startswith(ignored)]
    if wrong:
        more = f", and {len(wrong) - 12} more" if len(wrong) > 12 else ""
        raise ValueError(f"{folder}: the weights do not fit {kind.__name__}: {', '.join(wrong[:12])}{more}")
    return model.eval()
