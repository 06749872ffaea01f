"""Every film is signed before it is at its place, by a key made once, and says what it was made by and of."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import stat
import subprocess
import sys
from pathlib import Path

import c2pa
import flashes
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dialogue.generators import GENERATORS, generator
from dialogue.ground.errors import DialogueError, SceneError
from dialogue.ground.outputs import is_ours
from dialogue.rendering import marks
from dialogue.rendering.cache import Cache
from dialogue.rendering.film_order import Order
from dialogue.rendering.marks import names_apart
from dialogue.rendering.render import render
from dialogue.rendering.signer import CERTIFICATE, KEY, TIMESTAMP, made_chain, signer

YESTERDAY = b"Synthetic media: faces moved by a program (dialogue 0), not by the people shown"  # as a film says it


@pytest.fixture
def order(tmp_path: Path) -> Order:
    scene = tmp_path / "scene.yaml"
    scene.write_text("scene: 1\n")
    plan = flashes.film_of(tmp_path, [30, 20], [0.4, 1.3])
    return Order(plan, tmp_path, tmp_path / "film.mp4", Cache(tmp_path / ".dialogue"), "film", sources=(scene,))


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who never signed anything; the file of their key."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return made_chain()


def report_of(film: Path) -> tuple[str, dict]:
    """C2PA's own verdict on a film, and its active manifest."""
    with c2pa.Reader(str(film)) as reader:
        report = json.loads(reader.json())
    return report["validation_state"], report["manifests"][report["active_manifest"]]


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_film_says_what_it_is_made_by_and_of(order: Order) -> None:
    film = render(order).file
    state, manifest = report_of(film)
    assert state == "Valid"
    data = {each["label"]: each["data"] for each in manifest["assertions"]}
    created, placed = data["c2pa.actions.v2"]["actions"]
    assert created["action"] == "c2pa.created" and created["digitalSourceType"] == marks.SOURCE_TYPES + "composite"
    assert placed["action"] == "c2pa.placed"
    wanted = {"0.png": "inputTo", "1.png": "inputTo", "ana.wav": "componentOf", "scene.yaml": "inputTo"}
    assert {each["title"]: (each["relationship"], each["instance_id"]) for each in manifest["ingredients"]} == {
        name: (how, f"urn:sha256:{sha256(order.media / name)}") for name, how in wanted.items()
    }
    made = data[marks.FILM]
    assert (made["generator"], made["weights"], made["seed"]) == ("flashes", ["1"], 0)
    assert str(order.media) not in json.dumps(manifest), "no folder of this machine is told"
    metadata = marks.metadata_of(film)
    assert metadata["title"] == "Flashes" and metadata["comment"].startswith("Synthetic media: ")
    assert metadata["comment"].endswith(marks.SOURCE_TYPES + "composite")


def test_draft_voices_are_told(order: Order) -> None:
    turns = tuple(dataclasses.replace(turn, draft="hibari") for turn in order.plan.turns)
    film = render(dataclasses.replace(order, plan=dataclasses.replace(order.plan, turns=turns))).file
    data = {each["label"]: each["data"] for each in report_of(film)[1]["assertions"]}
    assert data["c2pa.actions.v2"]["actions"][0]["digitalSourceType"].endswith("/compositeSynthetic")
    assert data[marks.FILM]["draft_voices"] == ["hibari"]
    assert [source["what"] for source in data[marks.FILM]["sources"] if source["name"] == "ana.wav"] == [
        "draft recording"
    ]
    assert "some of the voices made by programs" in marks.metadata_of(film)["comment"] and is_ours(film)


def test_what_is_read_twice_is_named_once(order: Order) -> None:
    sources = (*order.sources, order.media / "ana.wav", order.media / "." / "0.png", *order.sources)
    manifest = report_of(render(dataclasses.replace(order, sources=sources)).file)[1]
    assert sorted(each["title"] for each in manifest["ingredients"]) == ["0.png", "1.png", "ana.wav", "scene.yaml"]


def test_every_generator_says_what_kind_of_source_it_is() -> None:
    kinds = {name: generator(name).SOURCE_TYPE for name in GENERATORS if name != "flashes"}
    trained = "compositeWithTrainedAlgorithmicMedia"
    assert kinds["animatic"] == "composite"
    assert all(kinds[name] == trained for name in kinds if name != "animatic")


def test_one_shot_alone_and_a_caption_track_are_signed_too(order: Order) -> None:
    alone = render(dataclasses.replace(order, output=order.output.with_name("one.mp4"), shots=(2, 2))).file
    assert report_of(alone)[0] == "Valid"
    film = render(dataclasses.replace(order, caption_track=True)).file
    assert report_of(film)[0] == "Valid" and set(marks.streams_of(film)) == {"picture", "sound", "captions"}


def test_the_same_film_keeps_its_bytes_and_another_is_signed_anew(order: Order, fresh: Path) -> None:
    first = render(order).file.read_bytes()
    assert render(dataclasses.replace(order, force=True)).file.read_bytes() == first
    fresh.unlink()
    second = render(order).file.read_bytes()
    assert second != first, "another key"
    order.output.write_bytes(second[:-1] + bytes([second[-1] ^ 1]))
    with pytest.raises(SceneError, match="was changed since it was written"):
        render(order)
    render(dataclasses.replace(order, overwrite=True))
    assert report_of(order.output)[0] == "Valid", "what was tampered with does not stand"
    seeded = dataclasses.replace(order, plan=dataclasses.replace(order.plan, seed=5))
    assert dict((each["label"], each["data"]) for each in report_of(render(seeded).file)[1]["assertions"])[marks.FILM][
        "seed"
    ] == 5  # fmt: skip


def test_nothing_unsigned_is_ever_at_the_films_place(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    order.output.write_bytes(YESTERDAY)
    monkeypatch.setenv(TIMESTAMP, "http://127.0.0.1:1/")  # nobody listens there
    with pytest.raises(DialogueError, match="the film cannot be signed: ") as failed:
        render(order)
    assert "http://127.0.0.1:1/" in str(failed.value)
    assert order.output.read_bytes() == YESTERDAY
    assert [file.name for file in order.media.iterdir() if file.name.startswith(".film")] == []
    monkeypatch.delenv(TIMESTAMP)
    film = render(order)
    assert film.rendered == () and report_of(film.file)[0] == "Valid"


def test_the_key_is_made_once_and_for_its_owner_alone(fresh: Path) -> None:
    code = "from dialogue.rendering.signer import signer; print(signer().chain.decode())"
    at_once = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert {process.communicate(timeout=60)[0].strip() for process in at_once} == {signer().chain.decode().strip()}
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o600
    assert {file.suffix for file in fresh.parent.iterdir()} == {".pem", ".lock"}
    leaf, root = x509.load_pem_x509_certificates(signer().chain)
    assert leaf.issuer == root.subject == root.issuer != leaf.subject
    leaf.verify_directly_issued_by(root)
    assert b"PRIVATE KEY" not in signer().chain


def test_a_home_that_cannot_be_written_stops_the_film_before_work(
    order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("no folder")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "taken"))
    with pytest.raises(SceneError, match="the key that signs films cannot be kept"):
        render(order)
    assert not order.cache.folder.exists()


def written(folder: Path, key, *, purpose: bool = True, self_signed: bool = False) -> tuple[Path, Path]:
    """A chain of one's own in two files: certificates, key."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)

    def certificate(name: str, public, issuer: str, signs: bool) -> x509.CertificateBuilder:
        def named(text: str) -> x509.Name:
            organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Studio")
            return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, text)])

        usage = x509.KeyUsage(not signs, False, False, False, False, signs, signs, False, False)
        return (
            x509.CertificateBuilder(named(issuer), named(name), public, x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.BasicConstraints(signs, None), True)
            .add_extension(usage, True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False)
        )

    leaf = certificate("Studio films", key.public_key(), "Studio films" if self_signed else "Studio root", False)
    if purpose:
        leaf = leaf.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
    made = [leaf.sign(key if self_signed else root_key, hashes.SHA256())]
    if not self_signed:
        root = certificate("Studio root", root_key.public_key(), "Studio root", True)
        made.append(root.sign(root_key, hashes.SHA256()))
    pem = serialization.Encoding.PEM
    chain, secret = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(each.public_bytes(pem) for each in made))
    form = serialization.PrivateFormat.TraditionalOpenSSL
    secret.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return chain, secret


@pytest.mark.parametrize("kind", ["P-256", "P-384", "RSA"])
def test_a_certificate_of_ones_own(order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    curves = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1}
    key = ec.generate_private_key(curves[kind]()) if kind in curves else rsa.generate_private_key(65537, 2048)
    chain, secret = written(tmp_path, key)
    monkeypatch.setenv(CERTIFICATE, str(chain))
    monkeypatch.setenv(KEY, str(secret))
    state, manifest = report_of(render(order).file)
    assert state == "Valid" and manifest["signature_info"]["common_name"] == "Studio films"
    chain.write_bytes(chain.read_bytes() + secret.read_bytes())  # in one file, as many programs write it
    monkeypatch.delenv(KEY)
    assert signer().own


@pytest.mark.parametrize(
    "wrong, told",
    [
        ("absent", r"chain.pem: error: No such file or directory \(see DIALOGUE_CERTIFICATE and"),
        ("empty", r"chain.pem: error: no certificate in PEM is in it"),
        ("no key", r"chain.pem: error: no private key in PEM is in it"),
        ("other key", r"key.pem: error: is not the key of .*chain.pem \(the certificate to sign with comes first\)"),
        ("pass phrase", r"key.pem: error: the private key has a pass phrase \(give one without\)"),
        ("curve", r"key.pem: error: C2PA does not sign with a key of this kind \(P-256"),
        ("purpose", r"chain.pem: error: C2PA does not take this certificate: "),
        ("self-signed", r"chain.pem: error: C2PA does not sign with a self-signed certificate \(one that another"),
        ("stamp", r"error: DIALOGUE_TIMESTAMP is no http address: 'file:///etc/passwd'"),
        ("key alone", r"error: DIALOGUE_CERTIFICATE_KEY is set without DIALOGUE_CERTIFICATE"),
    ],
)
def test_a_setting_that_does_not_hold_is_found_before_work(
    order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str, told: str
) -> None:
    key = ec.generate_private_key(ec.SECP256K1() if wrong == "curve" else ec.SECP256R1())
    chain, secret = written(tmp_path, key, purpose=wrong != "purpose", self_signed=wrong == "self-signed")
    monkeypatch.setenv(CERTIFICATE, str(chain))
    monkeypatch.setenv(KEY, str(secret))
    if wrong == "absent":
        chain.unlink()
    elif wrong == "empty":
        chain.write_text("")
    elif wrong == "no key":
        monkeypatch.delenv(KEY)
    elif wrong in ("other key", "pass phrase"):
        other = ec.generate_private_key(ec.SECP256R1()) if wrong == "other key" else key
        lock = serialization.BestAvailableEncryption(b"x") if wrong == "pass phrase" else serialization.NoEncryption()
        form = serialization.PrivateFormat.PKCS8
        secret.write_bytes(other.private_bytes(serialization.Encoding.PEM, form, lock))
    elif wrong == "stamp":
        monkeypatch.setenv(TIMESTAMP, "file:///etc/passwd")
    elif wrong == "key alone":
        monkeypatch.delenv(CERTIFICATE)
    with pytest.raises(SceneError, match=told):
        render(order)
    assert not order.output.exists() and not order.cache.folder.exists()


def test_files_of_one_name_are_told_apart_by_their_folders() -> None:
    assert names_apart(["a/x.png", "b/x.png", "y.wav", "/deep/down/c/a/x.png"]) == [
        "a/x.png", "b/x.png", "y.wav", "c/a/x.png",
    ]  # fmt: skip
    assert names_apart(["one/a/x.png", "two/a/x.png"]) == ["one/a/x.png", "two/a/x.png"]
    assert names_apart(["x.png", "x.png"]) == ["x.png", "x.png"]
