"""What hunyuan-avatar has on the card at once, counted: a table by mode, size and seconds, as docs/memory.md shows it.

    python scripts/count_memory.py [--seconds 5 10 30 60] [--sizes 704x704 1216x704]
    python scripts/count_memory.py --cards [80 60 24 12 10 8 6]

With `--cards`: the longest shot, in seconds, on cards of so many GB.
"""

from __future__ import annotations

import argparse

from dialogue.generators.hunyuan import costs

WAYS = (
    ("high", "high", False, False),
    ("high, cache on the host", "high", False, True),
    ("high, 8-bit file", "high", True, False),
    ("balanced", "balanced", False, False),
    ("balanced, cache on the host", "balanced", False, True),
    ("low", "low", True, True),
)
MODES = (None, "high", "balanced", "low")
MOST = 7500  # frames; longer shots are not told apart


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, nargs="+", default=[5, 10, 30, 60])
    parser.add_argument("--sizes", nargs="+", default=["704x704", "1216x704"], help="width x height in pixels")
    parser.add_argument("--cards", type=float, nargs="*", help="GB")
    options = parser.parse_args()
    if options.cards is not None:
        _longest(options.cards or [80, 60, 24, 12, 10, 8, 6], options.sizes)
        return
    print("| size | seconds | cache | " + " | ".join(name for name, *_ in WAYS) + " |")
    print("|---|---|---|" + "---|" * len(WAYS))
    for size in options.sizes:
        width, height = map(int, size.split("x"))
        for seconds in options.seconds:
            shot = costs.sizes(width, height, round(25 * seconds), 33)
            peaks = [costs.peak_bytes(shot, name, narrow, host) / 1e9 for _, name, narrow, host in WAYS]
            cells = " | ".join(f"{peak:.1f}" for peak in peaks)
            print(f"| {size} | {seconds:g} | {costs.cache_bytes(shot) / 1e9:.1f} | {cells} |")


def _longest(cards: list[float], sizes: list[str]) -> None:
    """How long a shot may be on each card, in any mode and in each."""
    print("| card | size | any | high | balanced | low |\n|---|---|---|---|---|---|")
    for card in cards:
        for size in sizes:
            width, height = map(int, size.split("x"))
            frames = [costs.longest(width, height, 33, 1e9 * card, mode == "low", mode) for mode in MODES]
            told = ["none" if not most else "over 300" if most > MOST else f"{most / 25:.0f}" for most in frames]
            print(f"| {card:g} | {size} | {' | '.join(told)} |")


if __name__ == "__main__":
    main()
