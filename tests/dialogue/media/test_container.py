"""Names and texts that FFmpeg would follow to other files, hosts or standard input."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dialogue.ground.errors import SceneError
from dialogue.media.container import open_container
from dialogue.media.recordings import probe_recording
from dialogue.rendering import ffmpeg

ROOT = Path(__file__).parents[3]
NAMES = ["pipe:0.wav", "concat:a.wav|b.wav", "-name.wav", "file:x.wav", "a%03d.wav", "data:audio;x.wav", "fd:.wav"]


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "a.wav", np.zeros(8000, np.float32), 16_000)
    return tmp_path / "a.wav"


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not have")
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_name(name: str, sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(sound, sound.with_name(name))
    monkeypatch.chdir(sound.parent)
    assert probe_recording(Path(name), name).duration == 0.5
    ffmpeg.run(ffmpeg.source(Path(name)).output("out.wav", f="wav"), "copy it")
    assert soundfile.info("out.wav").duration == 0.5


def test_a_file_named_like_an_address_reaches_no_host(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sound.parent)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        host = f"127.0.0.1:{server.getsockname()[1]}"
        for missing in (f"http:/{host}/x.wav", f"tcp:/{host}", f"http://{host}/x.wav"):
            with pytest.raises(SceneError, match="no such file"):
                probe_recording(Path(missing), missing)
        lists = {
            "hls.wav": f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://{host}/x.ts\n",
            "concat.wav": f"ffconcat version 1.0\nfile http://{host}/x.wav\n",
            "sdp.wav": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
        }
        for name, text in lists.items():
            Path(name).write_text(text)
            with pytest.raises(SceneError, match="cannot be read as sound"):
                probe_recording(Path(name), name)
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_list_of_other_files_is_no_recording(sound: Path) -> None:
    listing = sound.with_name("list.wav")
    listing.write_text("ffconcat version 1.0\nfile a.wav\n")
    with pytest.raises(SceneError, match="names other files to be read, as concat"):
        probe_recording(listing, "list.wav")
    with pytest.raises(ValueError, match="names other files"):
        open_container(listing)


def test_standard_input_is_never_read(sound: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from dialogue.media.recordings import probe_recording\n"
        "try: probe_recording(Path('pipe:0'), 'pipe:0')\n"
        "except Exception as error: print(error)\n"
        "print(len(sys.stdin.buffer.read()))"
    )
    given = sound.read_bytes()
    done = subprocess.run([sys.executable, "-c", code], input=given, capture_output=True, cwd=ROOT, check=True)
    assert done.stdout.decode().split()[-1] == str(len(given)) and b"no such file" in done.stdout
