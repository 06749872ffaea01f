"""What the fuzzer damages: a folder of small good files of every kind, and the ways in which a file goes wrong."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image, ImageDraw

from dialogue.rendering import ffmpeg

RATE = 16_000
SCENE = """\
scene: 1
title: A talk
generator: animatic
seed: 3
output: {size: 80x64, fps: 5, captions: [srt, vtt], loudness: -16}
cast:
  ana: {name: Ana Ruiz, track: ana.wav, face: [20, 12, 20, 24], color: "#e66060"}
  ben: {name: Ben, track: "call.flac#left"}
picture: two.png
lines:
  - {ana: "Hello, there.", from: 0.1, to: 0.6, emotion: happy}
  - {ben: "What is it?", from: 0.7, to: 1.0}
sound:
  - {file: "call.flac#2", from: {line: 1, after: -0.1}, gain: -12, fade: [0.1, 0.2], duck: yes, loop: yes}
  - {file: "call.flac#right", from: 0.2, to: {line: 2}}
shots:
  - {until: 0.6, framing: close}
  - {picture: close.jpg, faces: {ana: [16, 8, 24, 28]}}
"""
TALK = """\
scene: 1
generator: animatic
output: {size: 80x64, fps: 5}
cast:
  ana: {face: [20, 12, 20, 24]}
  ben: {}
picture: PICTURE
audio: SOUND
diarization: TURNS
"""
TEMPLATE = SCENE.replace("A talk", "{{ title | default('none') | tojson }}").replace(
    "lines:\n", "{% for n in range(2) %}\n{# a line #}\n{% endfor %}\nlines:\n"
)
CAST = """\
cast: 1
people:
  ana: {name: Ana Ruiz, picture: two.png, face: [20, 12, 20, 24], emotions: {happy: {image: close.jpg, strength: 0.8}}}
  ben: {picture: close.jpg, face: [16, 8, 24, 28]}
guests:
  - {picture: two.png, face: [20, 12, 20, 24]}
"""
RTTM = "SPEAKER talk 1 0.100 0.400 <NA> <NA> ana <NA> <NA>\nSPEAKER talk 1 0.600 0.300 <NA> <NA> ben <NA> <NA>\n"
SRT = "1\n00:00:00,100 --> 00:00:00,500\nana: Hello there\n\n2\n00:00:00,600 --> 00:00:00,900\nben: What?\n"
VTT = "WEBVTT\n\n1\n00:00.100 --> 00:00.500\n<v ana>Hello there\n\n00:00.600 --> 00:00.900\n<v ben>What?\n"
FOUNTAIN = "Title: Talk\n\nINT. ROOM - DAY\n\nANA (CONT'D)\n(softly)\nHello there.\n\nBEN ^\nWhat?\n\n[[a note]]\n"
NAMES = "Ana: Hello there.\nBen: What is it?\n"
JOB = '{"prompt": "two talk", "cond_image": "two.png", "cond_audio": {"person1": "ana.wav", "person2": "talk.mp3"}}\n'
SOUNDS = ("talk.wav", "talk.flac", "talk.mp3", "talk.m4a", "talk.mp4", "talk.ogg", "talk.mkv")
PICTURES = ("two.png", "close.jpg", "two.avif", "two.webp")
TURNS = ("talk.rttm", "talk.srt", "talk.vtt")


@dataclass(frozen=True)
class Case:
    """A file to be damaged, and the command that then meets it, in the folder of the good ones."""

    file: str
    words: tuple[str, ...]
    weight: float = 1.0
    vary: tuple[tuple[str, str], ...] = ()  # what is replaced in talk.yaml


def _talk(sound: str = "talk.wav", picture: str = "two.png", turns: str = "talk.rttm") -> tuple[tuple[str, str], ...]:
    return ("SOUND", sound), ("PICTURE", picture), ("TURNS", turns)


def cases() -> list[Case]:
    """Every kind of file through `check`, `plan` and small renders, as often as they are quick."""
    film, plan, talk = ("-o", "out/film.mp4"), ("-o", "out/plan"), "talk.yaml"
    found = [
        Case("scene.yaml", ("check", "scene.yaml"), 12.0),
        Case("scene.yaml", ("plan", "scene.yaml"), 4.0),
        Case("scene.yaml", ("plan", "scene.yaml", *plan), 0.3),
        Case("scene.yaml", ("render", "scene.yaml", *film), 0.4),
        Case("scene.yaml.j2", ("check", "scene.yaml.j2", "--set", "title=x"), 0.8),
        Case("plan/plan.json", ("render", "plan/plan.json", *film), 1.5),
        Case("cast.yaml", ("voices", "list", "--cast", "cast.yaml"), 3.0),
        Case("cast.yaml", ("batch", "talk.wav", "--cast", "cast.yaml", "-o", "out", "--to", "plan"), 0.3),
        Case("call.flac", ("plan", "scene.yaml"), 1.0),
        Case("ana.wav", ("render", "scene.yaml", *film), 0.3),
        Case("made/film.mp4", ("verify", "made/film.mp4", "--plan", "plan/plan.json"), 0.4),
        Case("made/film.mp4", ("inspect", "made/film.mp4"), 0.4),
        Case(".dialogue/*", ("render", "scene.yaml", "-o", "made/film.mp4"), 1.0),
        Case("../cache/dialogue/measures/*", ("plan", "scene.yaml"), 1.0),
    ]
    found += [
        Case("plan/plan.json", ("export", "plan/plan.json", "--to", kind), 1.5) for kind in ("otio", "edl", "vtt")
    ]
    for name in SOUNDS:
        found.append(Case(name, ("check", talk), 1.5, _talk(sound=name)))
        found.append(Case(name, ("plan", talk), 1.0, _talk(sound=name)))
        found.append(Case(name, ("render", talk, *film), 0.2, _talk(sound=name)))
    for name in PICTURES:
        found.append(Case(name, ("check", talk), 2.0, _talk(picture=name)))
        found.append(Case(name, ("plan", talk, *plan), 0.2, _talk(picture=name)))
    for name in TURNS:
        found.append(Case(name, ("check", talk), 2.0, _talk(turns=name)))
        found.append(Case(name, ("plan", talk), 2.0, _talk(turns=name)))
    for name in ("talk.fountain", "names.txt", "job.json"):
        found.append(Case(name, ("import", name, "-o", "out/scene.yaml"), 2.0))
        found.append(Case(name, ("check", name), 1.0))
    return found


def write_files(folder: Path) -> None:
    """The good files."""
    sound = _buzz()
    for name in ("ana.wav", "talk.wav", "talk.flac", "talk.ogg"):
        soundfile.write(folder / name, sound, RATE)
    soundfile.write(folder / "call.flac", np.stack([sound, sound[::-1]], 1), RATE)
    for name in ("talk.mp3", "talk.m4a", "talk.mkv"):
        _convert(folder, ["-i", "talk.wav", name])
    _convert(folder, ["-f", "lavfi", "-i", "color=s=32x32:r=5:d=1.1", "-i", "talk.wav", "talk.mp4"])
    for name in (*PICTURES, "close.jpg"):
        _draw(folder / name)
    texts = {"scene.yaml": SCENE, "scene.yaml.j2": TEMPLATE, "talk.yaml": TALK, "cast.yaml": CAST, "talk.rttm": RTTM}
    texts |= {"talk.srt": SRT, "talk.vtt": VTT, "talk.fountain": FOUNTAIN, "names.txt": NAMES, "job.json": JOB}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "made").mkdir()


def _buzz() -> np.ndarray:
    time = np.arange(round(1.1 * RATE)) / RATE
    return (0.3 * np.sign(np.sin(2 * np.pi * 120 * time)) * (np.sin(2 * np.pi * 3 * time) > -0.5)).astype(np.float32)


def _convert(folder: Path, words: list[str]) -> None:
    command = [ffmpeg.binary(), "-y", "-loglevel", "error", *words]
    subprocess.run(command, cwd=folder, check=True, stdin=subprocess.DEVNULL)


def _draw(place: Path) -> None:
    image = Image.new("RGB", (80, 64), (90, 90, 120))
    pencil = ImageDraw.Draw(image)
    pencil.ellipse([20, 12, 40, 36], fill=(220, 190, 170))
    pencil.line([26, 30, 34, 30], fill=(150, 50, 50), width=2)
    image.save(place)


_WORDS = tuple(
    "0 -1 1e308 NaN inf 99999999999999999999 true null [] {} ~ \" ' : - # & * ! | > % @ ` \\ , \0 \ufeff \u202e 🎙 "
    "../../etc/passwd http://127.0.0.1:1/x.wav pipe:0 concat:a|b ana ben eve scene cast lines shots from until pause "
    "track face emotion 00:00:00.000 --> <v WEBVTT SPEAKER {{x}} {%for%} &a *a {? 80x64 1x1 9999x9999".encode().split()
) + (b" ", b": ", b"- ", b"\t", b"\r\n", b"\n\n", b"\xff\xfe", b"9" * 400)
_NUMBERS = (b"0", b"-1", b"1", b"7", b"1e9", b"0.00002", b"99999999", b"9" * 30, b"9" * 5000, b"-0.5", b"400")
_FIELDS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\1\0\0\0")


def damaged(data: bytes, dice: random.Random) -> bytes:
    """The bytes with one to four things wrong with them, as disks, editors and other programs do it, and worse."""
    made = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 4))):
        at = dice.randrange(len(made) + 1)
        length = min(dice.choice((1, 1, 2, 4, 8, 64, 1000)), len(made) - at)
        match dice.randrange(10):
            case 0:
                for _ in range(dice.choice((1, 1, 4, 32))):
                    if made:
                        made[dice.randrange(min(len(made), dice.choice((64, 512, 1 << 30))))] ^= 1 << dice.randrange(8)
            case 1:
                del made[at:]
            case 2:
                del made[at : at + length]
            case 3:
                made[at : at + length] = made[at : at + length] * dice.choice((2, 2, 3, 100))
            case 4:
                made[at : at + length] = dice.randbytes(length)
            case 5:
                made[at : at + length] = bytes([dice.choice((0, 255))]) * length
            case 6:
                made[at:at] = dice.choice(_WORDS)
            case 7:
                made[at : at + length] = dice.choice(_WORDS)
            case 8:
                _renumber(made, dice)
            case _:
                other = dice.randrange(len(made) + 1)
                made[at : at + length], made[other:other] = b"", made[at : at + length]
    return bytes(made[:2_000_000])


def _renumber(made: bytearray, dice: random.Random) -> None:
    """Another number in the place of one: in text its digits, else four bytes."""
    digits = [at for at in range(min(len(made), 20_000)) if chr(made[at]).isdigit()]
    new = dice.choice(
        (b"0", b"-1", b"1", b"7", b"1e9", b"0.00002", b"99999999", b"9" * 30, b"9" * 5000, b"-0.5", b"400")
    )
    if digits and dice.random() < 0.7:
        at = end = dice.choice(digits)
        while end < len(made) and (chr(made[end]).isdigit() or made[end] == ord(".")):
            end += 1
        made[at:end] = new
    elif len(made) >= 4:
        at = dice.randrange(min(len(made) - 3, 400))
        made[at : at + 4] = dice.choice(_FIELDS)


def prepare(case: Case, good: Path, folder: Path, dice: random.Random) -> str:
    """A copy of the good folder with the case's file damaged; which file it was."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(good, folder, symlinks=True)
    talk = folder / "talk.yaml"
    text = talk.read_text(encoding="utf-8")
    for name, value in dict(_talk()).items() if not case.vary else case.vary:
        text = text.replace(name, value)
    talk.write_text(text, encoding="utf-8")
    (folder / "out").mkdir()
    place = folder / case.file
    if case.file.endswith("*"):
        kept = sorted(path for path in place.parent.rglob("*") if path.is_file() and path.suffix != ".lock")
        place = dice.choice(kept)
    data = place.read_bytes()
    place.write_bytes(damaged(data, dice))
    return os.path.relpath(place, folder)
