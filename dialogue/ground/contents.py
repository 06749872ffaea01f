"""What a file holds that was taken for text and is none: told by its first bytes, in words."""

from __future__ import annotations

import re

_KINDS = {"audio": "a sound file", "video": "a film", "image": "a picture", "font": "a font"}
_TOLD = {
    "application/pdf": "a PDF",
    "application/zip": "a zip archive",
    "application/msword": "a Word document",
    "application/x-matroska": "a film",
    "application/ogg": "a sound file",
}
_USES = {
    "a sound file": "a scene names it, as `audio:` or somebody's `track:`; `dialogue init DIR` writes a scene",
    "a film": "a scene names it for its sound, as `audio:` or somebody's `track:`; `dialogue init DIR` writes a scene",
    "a picture": "a scene names it, as `picture:`; `dialogue init DIR` writes a scene",
    "a PDF": "save the script as plain text or Fountain",
    "a zip archive": "save the script in it as plain text or Fountain",
    "a Word document": "save the script as plain text or Fountain",
    "a rich-text document (RTF)": "save the script as plain text or Fountain",
    "a web page (HTML)": "save its words as plain text or Fountain",
    "a Final Draft script (XML)": "export it as Fountain",
}
_MARKED = (  # documents in letters, by how they begin
    (rb"\{\\rtf", "a rich-text document (RTF)"),
    (rb"(?i)<!doctype html|<(html|head|body)[\s>]", "a web page (HTML)"),
    (rb"(?s)<\?xml.{0,400}<FinalDraft\b", "a Final Draft script (XML)"),
    (rb"(?si)<\?xml.{0,400}<html\b", "a web page (HTML)"),
)
_UTF8 = "save the file with the encoding UTF-8"


def wrong_contents(data: bytes) -> tuple[str, str | None] | None:
    """As a sentence what these bytes are, where they are no text that can be read here, and what would be right."""
    encoding = _encoding(data)
    if encoding is not None:
        return f"this is text in {encoding}", _UTF8
    found = not_text(data)
    return None if found is None else (f"this is {found[0]}, not text", found[1])


def _encoding(data: bytes) -> str | None:
    """Encodings that nobody reads unasked, by their mark or by where the zeros of plain letters are."""
    if data[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        return "UTF-32"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return None
    beginning = data[: min(len(data), 400) // 4 * 4]
    zeros = [beginning[at::4].count(0) / max(1, len(beginning) // 4) for at in range(4)]
    if sorted(zeros)[1] > 0.9 and min(zeros) < 0.1:
        return "UTF-32"
    pairs = min(zeros[0], zeros[2]), min(zeros[1], zeros[3])
    letters = re.search(rb"[A-Za-z ]", beginning.replace(b"\0", b""))
    if max(pairs) > 0.7 and max(zeros[0], zeros[2]) * max(zeros[1], zeros[3]) < 0.1 and letters:
        return "UTF-16 without a mark at its beginning"
    return None


def not_text(data: bytes) -> tuple[str, str | None] | None:
    """What these bytes are, and what is to be done with them; None where they are text, or nothing that is known.

    Text in another encoding than UTF-8 is text: a script may well begin with BMW, as a bitmap does.
    """
    import puremagic

    beginning = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    for pattern, marked in _MARKED:
        if re.match(pattern, beginning):
            return marked, _USES[marked]
    if not data.startswith(b"%PDF-") and not _control(data[:4096]):
        return None
    if len(data) > 2 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0:  # a frame of MP3 or AAC, without any tag before it
        return "a sound file", _USES["a sound file"]
    try:
        found = puremagic.magic_string(data[:65536])
    except (puremagic.PureError, ValueError):
        return None
    for kind in (one.mime_type for one in found):
        words = _TOLD.get(kind) or _KINDS.get(kind.partition("/")[0])
        if "officedocument" in kind or "opendocument" in kind:
            words = "a Word document"
        if words is not None:
            return words, _USES.get(words)
    return None


def _control(data: bytes) -> bool:
    """Whether there is a byte that no text has; UTF-16, by its mark, is full of zeros."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return False
    return any(byte < 9 or 13 < byte < 27 or 27 < byte < 32 for byte in data)
