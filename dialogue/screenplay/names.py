"""Scripts that are names and words: `Ana: Hello.`, `Speaker 1: …`, `(s1) … (s2) …`, `<Person1>…</Person1>`."""

from __future__ import annotations

import re
from collections import Counter

from dialogue.ground.errors import Problem, SceneError
from dialogue.screenplay.delivery import emotion_in
from dialogue.screenplay.screenplay import Draft, Remark, Said, Screenplay

# A name is short and holds no sentence: up to five words, an optional parenthetical, and a colon.
_NAMED = re.compile(
    r"^[ \t>*_-]*(?P<quote>[«“„\"‹「『]\s*)?(?P<name>[^\W\d_][^:：()（）\[\]【】<>.!?\n]{0,39}?)\s*"
    r"(?(quote)[»”“\"›」』]\s*)(?:[(\[（【](?P<how>[^()（）\[\]【】]{1,60})[)\]）】])?\s*[*_]*\s*[:：]"
    r"[*_]*\s*(?P<words>.*)$"
)
_NUMBERED = re.compile(r"[(\[]\s*[sS](?:peaker)?\s*(\d{1,2})\s*[)\]]:?")
_TAGGED = re.compile(
    r"<\s*(person|speaker|s)\s*_?(\d{1,2})\s*>(.*?)(?:<\s*/\s*\1\s*_?\2\s*>|(?=<\s*\1)|\Z)", re.IGNORECASE | re.DOTALL
)
_FEELING = re.compile(r"^\s*[(\[（【]([^()（）\[\]【】]{1,60})[)\]）】]\s*")
# When it was said, as chats and transcripts write it before the name: `[12:03, 1/1/2026]`, `1/1/26, 12:03 -`, `00:01`.
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?(?:\s?[AaPp]\.?[Mm]\.?)?"
_DATE = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
_WHEN = rf"(?:{_DATE},?\s+)?{_CLOCK}(?:,?\s+{_DATE})?"
_STAMP = re.compile(rf"^\s*(?:[\[(]\s*(?P<inside>{_WHEN})\s*[\])]|(?P<bare>{_WHEN}))\s*(?:[-–—]\s+)?(?=\S)")
# What may be meant as a name and begins as none does: `../evil: three`.
_ALMOST = re.compile(r"^\s*(?P<name>[^\w\s\"“”„«»‘’‚‹›'「」『』(\[][^\s:：]{0,39}|\d[\w.]{0,39}):\s+\S")
_LEAST_WORDS = 3  # before a colon, from which nobody takes them for a name
_PAUSE_WORDS = {"pause", "beat", "silence", "a pause", "long pause"}


def dialect(text: str) -> str | None:
    """Which of the four it is: `tags`, `numbers`, `names`; None where it is none of them."""
    if _TAGGED.search(text):
        return "tags"
    if _NUMBERED.search(text) and _NUMBERED.match(text.lstrip("\ufeff \t\r\n")):
        return "numbers"
    rows = [_timeless(row)[1] for row in text.splitlines() if row.strip()]
    named = [match["name"] for row in rows if (match := _NAMED.match(row))]
    if named and len(named) * 3 >= len(rows) and max(len(name.split()) for name in named) <= 5:
        return "names"
    return None


def read_names(text: str, file: str) -> Screenplay:
    """A script of names and words, in any of its dialects. SceneError where nobody speaks in it."""
    text = text.removeprefix("\ufeff")
    draft = Draft()
    kind = dialect(text)
    if kind == "tags":
        _tags(text, draft)
    elif kind == "numbers":
        _numbers(text, draft)
    else:
        _names(text, draft)
    if not any(isinstance(item, Said) for item in draft.items):
        hint = "a line is a name, a colon and words, as in `Ana: Hello.`"
        raise SceneError(Problem("nobody speaks in this script", file=file, hint=hint))
    return draft.finished()


def _say(draft: Draft, name: str, words: str, how: str | None, line: int | None) -> None:
    """One line; `[happy]` or `(calm)` before the words is how they are said."""
    speaker = draft.key(name)
    ways = [how] if how else []
    while match := _FEELING.match(words):
        ways.append(match[1])
        words = words[match.end() :]
    emotion = emotion_in(", ".join(way for way in ways if emotion_in(way) is not None))
    draft.items += [Remark("how", f"({way.strip()})") for way in ways if way.strip() and emotion_in(way) is None]
    if words.strip():
        draft.items.append(Said(speaker, " ".join(words.split()), emotion))
    else:
        draft.note(f"{draft.people[speaker].name} says nothing here: left out", line)


def _tags(text: str, draft: Draft) -> None:
    end = 0
    for match in _TAGGED.finditer(text):
        _between(text[end : match.start()], draft, text.count("\n", 0, match.start()) + 1)
        _say(draft, f"{match[1].title()} {match[2]}", match[3], None, text.count("\n", 0, match.start()) + 1)
        end = match.end()
    _between(text[end:], draft, text.count("\n") + 1)


def _numbers(text: str, draft: Draft) -> None:
    marks = list(_NUMBERED.finditer(text))
    for match, following in zip(marks, [*marks[1:], None], strict=True):
        words = text[match.end() : following.start() if following else len(text)]
        _say(draft, f"Speaker {match[1]}", words, None, text.count("\n", 0, match.start()) + 1)


def _between(text: str, draft: Draft, line: int) -> None:
    if text.strip():
        draft.items.append(Remark("text", " ".join(text.split())))
        draft.note("words that nobody says are comments", line)


def _names(text: str, draft: Draft) -> None:
    """Rows; one without a name goes on where the row before it was somebody's, and is a comment after a blank row."""
    stamped = [_timeless(row) for row in text.splitlines()]
    rows = [row for _, row in stamped]
    names = Counter(match["name"].casefold() for row in rows if (match := _NAMED.match(row)))
    with_times = sum(when is not None for when, _ in stamped) * 2 > sum(names.values())
    all_named = sum(names.values()) == sum(1 for row in rows if row.strip())
    speaking: tuple[str, str | None, list[str], int] | None = None

    def spoken() -> None:
        if speaking is not None:
            _say(draft, speaking[0], " ".join(speaking[2]), speaking[1], speaking[3])

    for number, row in enumerate(rows, 1):
        match = _NAMED.match(row)
        known = match is not None and (
            speaking is None
            or stamped[number - 1][0] is not None
            or names[match["name"].casefold()] > 1
            or _fresh(rows, number)
            or _is_name(match["name"])
            or (all_named and len(match["name"].split()) == 1)
        )
        if match is not None and known:
            spoken()
            if (when := stamped[number - 1][0]) is not None:
                draft.items.append(Remark("time", when))
            speaking = (match["name"].strip(), match["how"], [match["words"]], number)
        elif not row.strip() or (with_times and _STAMP.match(row)):  # `[12:05] Anna joined` is said by nobody
            spoken()
            speaking = None
            if row.strip():
                _between(row, draft, number)
        elif speaking is not None:
            speaking[2].append(row.strip())
            if match is not None and len(match["name"].split()) < _LEAST_WORDS:
                taken = f"{match['name'].strip()!r} is taken for words of {speaking[0]}, who speak on in this row"
                draft.note(f"{taken}; if it is somebody, {_as_a_name(match['name'])}", number)
            elif match is None and (almost := _ALMOST.match(row)) is not None:
                taken = f"{almost['name']!r} is taken for words of {speaking[0]}, who speak on in this row"
                draft.note(f"{taken}; if it is somebody, begin the name with a letter", number)
        else:
            bare = row.strip().strip("()[]*_ ").rstrip(".").lower()
            draft.items.append(Remark("pause" if bare in _PAUSE_WORDS else "text", " ".join(row.split())))
            draft.note("rows that nobody says are comments", number)
    spoken()


def _timeless(row: str) -> tuple[str | None, str]:
    """When the words of a row were said, as it stands before the name of who says them; and the row without it."""
    stamp = _STAMP.match(row)
    if stamp is None or not _NAMED.match(row[stamp.end() :]):
        return None, row
    return stamp["inside"] or stamp["bare"], row[stamp.end() :]


def _as_a_name(words: str) -> str:
    """What would make a name of words that are taken for none."""
    small = next((part for part in words.split() if not part[0].isupper()), None)
    if small is None or not words[:1].isupper():
        return "begin it with a capital" if small else "leave an empty row above it"
    return f"write {small!r} with a capital too, or leave an empty row above it"


def _is_name(words: str) -> bool:
    """Whether it looks like nothing but a name, also after a row that ended in no sign: up to three words, each with a
    capital as names have them, or all of it in capitals. `and she said: …` is none."""
    parts = words.split()
    return len(parts) <= 3 and all(part[0].isupper() or part[0].isdigit() or not part[0].isascii() for part in parts)


def _fresh(rows: list[str], number: int) -> bool:
    """Whether the row before this one ended its sentence: then a name that is heard once is a name all the same."""
    before = rows[number - 2].rstrip() if number > 1 else ""
    return not before or before[-1] in ".!?…\"”'’)]。！？:"
