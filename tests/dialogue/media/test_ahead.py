"""Work ahead: the same items in the same order, some of them early, and errors where they happen."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from dialogue.media.ahead import ahead


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_the_items_in_their_order(count: int) -> None:
    assert list(ahead(range(count))) == list(range(count))


def test_the_next_is_made_while_the_present_is_used() -> None:
    made = threading.Semaphore(0)

    def items() -> Iterator[int]:
        for number in range(5):
            made.release()
            yield number

    for number in ahead(items(), depth=2):
        for _ in range(2 if number == 0 else 1 if number < 4 else 0):
            assert made.acquire(timeout=10), "nothing more is made before the present one is given back"


def test_an_error_is_raised_where_the_item_would_be() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("damaged")

    found = ahead(items())
    assert next(found) == 1
    with pytest.raises(OSError, match="damaged"):
        next(found)
