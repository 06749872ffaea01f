"""What a file holds that was taken for text and is none: told by its first bytes, in words."""

from __future__ import annotations

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
}


def not_text(data: bytes) -> tuple[str, str | None] | None:
    """What these bytes are, and what is to be done with them; None where they are text, or nothing that is known.

    Text in another encoding than UTF-8 is text: a script may well begin with BMW, as a bitmap does.
    """
    import puremagic

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
