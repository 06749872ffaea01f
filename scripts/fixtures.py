"""Fixtures of official numbers: their files, which of their tensors were looked at, and one comparison as a row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor


@dataclass(frozen=True)
class Check:
    """One comparison: the largest absolute error and what is allowed."""

    fixture: str
    what: str
    error: float
    tolerance: float
    note: str = ""
    loose: bool = False  # the release rounds where we do not: only the order of magnitude is compared

    @property
    def passed(self) -> bool:
        return self.error <= self.tolerance  # false for nan


class Tensors(Mapping[str, Tensor]):
    """The tensors of a file by name, which remembers those that were asked for."""

    def __init__(self, content: dict[str, Tensor]) -> None:
        self._content = content
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Tensor:
        tensor = self._content[name]
        self.read.add(name)
        return tensor

    def __contains__(self, name: object) -> bool:  # to ask whether something is there is not to look at it
        return name in self._content

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)

    def starting(self, prefix: str) -> dict[str, Tensor]:
        """Those whose names begin so, without that beginning."""
        return {name.removeprefix(prefix): self[name] for name in self if name.startswith(prefix)}


@dataclass(frozen=True)
class Fixture:
    """A fixture's name and folder, its description and its numbers."""

    folder: Path
    name: str
    _opened: dict[Path, Tensors] = field(default_factory=dict, compare=False, repr=False)

    @property
    def about(self) -> dict[str, Any]:
        path = self.folder / f"{self.name}.json"
        content: dict[str, Any] = json.loads(
            (path if path.exists() else self.folder / self.name / "meta.json").read_text()
        )
        return content

    def has(self, part: str) -> bool:
        return (self.folder / f"{self.name}{part}.safetensors").is_file()

    def tensors(self, part: str = "") -> Tensors:
        return self.opened(self.folder / f"{self.name}{part}.safetensors")

    def opened(self, file: Path) -> Tensors:
        """The tensors of one of the fixture's files; the same object every time."""
        if file not in self._opened:
            self._opened[file] = Tensors(load_file(file))
        return self._opened[file]

    def unread(self) -> list[str]:
        """The tensors that no comparison has looked at, as `file: tensor`."""
        exact = self.folder / f"{self.name}.safetensors"
        files = [exact] * exact.is_file() + sorted(self.folder.glob(f"{self.name}.*.safetensors"))
        files += sorted((self.folder / self.name).glob("*.safetensors"))
        left = []
        for file in files:
            with safe_open(file, "pt") as content:
                names = list(content.keys())
            read = self._opened[file].read if file in self._opened else set()
            left += [f"{file.name}: {name}" for name in names if name not in read]
        return left

    def check(self, what: str, ours: Tensor, theirs: Tensor, tolerance: float, relative: bool = False) -> Check:
        """Absolute tolerance, or relative to the largest official value. What is not finite must agree exactly."""
        if ours.shape != theirs.shape:
            return Check(
                self.name, what, float("nan"), tolerance, f"shape {tuple(ours.shape)}, not {tuple(theirs.shape)}"
            )
        ours, theirs = ours.double(), theirs.double()
        if not theirs.isfinite().all():
            if not ours.nan_to_num(7.5).eq(theirs.nan_to_num(7.5))[~theirs.isfinite()].all():
                return Check(self.name, what, float("nan"), tolerance, "not finite elsewhere")
            ours, theirs = ours[theirs.isfinite()], theirs[theirs.isfinite()]
        scale = float(theirs.abs().max()) if relative and theirs.numel() else 1.0
        difference = (ours - theirs).abs()
        return Check(self.name, what, float(difference.max()) if difference.numel() else 0.0, tolerance * scale)

    def exact(self, what: str, ours: Any, theirs: Any) -> Check:
        """0 when equal, 1 when not."""
        note = "" if ours == theirs else f"{str(ours)[:60]}, not {str(theirs)[:60]}"
        return Check(self.name, what, float(ours != theirs), 0.0, note)
