"""Compare this library with numbers that the official HunyuanVideo-Avatar and Hallo3 code made.

    python scripts/compare_reference.py FOLDER [--json]

FOLDER holds fixtures: `NAME.json` with the configuration, `NAME*.safetensors` with the numbers, `checkpoint_*/` as on
disk. What a fixture is compared with is told by the first word of its name; sizes and settings are read from it.
Prints the largest error of each check and its tolerance, and by name every tensor that nothing was compared with.
Exit 1 when one is not within it, 2 when there is nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import asdict
from pathlib import Path

import hallo3_checks
import reference_checks
import torch
from fixtures import Check, Fixture

import model  # noqa: F401  (lets torchaudio import on machines without CUDA)


def find(folder: Path) -> list[Fixture]:
    """The fixtures of a folder, by name."""
    names = {path.stem for path in folder.glob("*.json")} | {path.parent.name for path in folder.glob("*/meta.json")}
    return [Fixture(folder, name) for name in sorted(names)]


@torch.no_grad()
def compare(fixture: Fixture) -> list[Check]:
    """All checks of a fixture; one that breaks off is a failed check."""
    kind = re.split(r"[^a-z0-9]", fixture.name.lower())[0]
    kind = kind if kind in hallo3_checks.COMPARISONS else re.split(r"[^a-z]", kind)[0]
    ours = hallo3_checks if hallo3_checks.is_hallo3(fixture, kind) else reference_checks
    comparison = ours.COMPARISONS.get(kind)
    if comparison is None:
        known = ", ".join(sorted({*reference_checks.COMPARISONS, *hallo3_checks.COMPARISONS}))
        return [Check(fixture.name, "-", float("nan"), 0.0, f"nothing to compare with (known: {known})")]
    checks: list[Check] = []
    try:
        checks.extend(comparison(fixture))
    except Exception as error:  # the next fixtures are compared all the same
        checks.append(Check(fixture.name, "-", float("nan"), 0.0, f"{type(error).__name__}: {error}"))
    return checks or [Check(fixture.name, "-", float("nan"), 0.0, "holds no cases")]


def worst(checks: list[Check]) -> Check:
    """The check nearest to, or furthest beyond, its tolerance."""
    failed = [check for check in checks if not check.passed]
    shown = failed or [check for check in checks if not check.loose]
    return max(shown, key=lambda check: check.error / check.tolerance if check.tolerance else check.error)


def quiet() -> None:
    """Only our own lines: no notes and progress bars of the libraries."""
    import diffusers
    import transformers

    diffusers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="every check, as JSON")
    arguments = parser.parse_args()
    fixtures = find(arguments.folder) if arguments.folder.is_dir() else []
    if not fixtures:
        print(f"{arguments.folder}: error: no fixtures (NAME.json with NAME*.safetensors beside it)", file=sys.stderr)
        return 2
    quiet()
    results: list[Check] = []
    left: dict[str, list[str]] = {}
    for fixture in fixtures:
        checks = compare(fixture)
        results += checks
        left[fixture.name] = fixture.unread()
        if not arguments.json:
            at = worst(checks)
            verdict = "pass" if all(check.passed for check in checks) else "FAIL"
            print(
                f"{verdict}  {fixture.name:28} {len(checks):4} checks  max error {at.error:9.2e}  "
                f"tolerance {at.tolerance:8.1e}  {at.what} {at.note}".rstrip(),
                flush=True,
            )
            for name in left[fixture.name]:
                print(f"      not compared: {name}")
    passed = all(check.passed for check in results)
    if arguments.json:
        rows = [{**asdict(check), "passed": check.passed} for check in results]
        print(json.dumps({"passed": passed, "checks": rows, "not_compared": left}, indent=1).replace("NaN", "null"))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
