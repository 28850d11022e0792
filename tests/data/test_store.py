"""Where data come from, and what happens when they are not what was published."""

import gzip
import hashlib
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from practicum.data import store
from practicum.data.mnist import fashion_mnist, mnist, read_idx
from practicum.data.store import Dataset, File
from practicum.errors import PracticumError

CONTENT = {"a.txt": b"alpha", "b.txt.gz": gzip.compress(b"beta")}


def dataset(url: str | None = None, **changes: object) -> Dataset:
    files = tuple(
        File(
            name,
            hashlib.sha256(gzip.decompress(body) if name.endswith("gz") else body).hexdigest(),
            f"{url}/{name}" if url else None,
            10,
        )
        for name, body in CONTENT.items()
    )
    return Dataset(**{"name": "tiny", "title": "Tiny", "licence": "CC0", "source": "nobody", "files": files} | changes)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setattr(store, "_said", set())
    return tmp_path / "cache" / "practicum"


def put(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, body in CONTENT.items():
        (folder / name).write_bytes(body)
    return folder


def test_the_given_folder_comes_before_the_cache(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.find(dataset()) is None
    put(cache / "tiny")
    assert store.find(dataset()) == cache / "tiny"
    put(tmp_path / "given" / "tiny")
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path / "given"))
    assert store.find(dataset()) == tmp_path / "given" / "tiny"
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(PracticumError, match=r"PRACTICUM_DATA, got .*nowhere, which is not there"):
        store.find(dataset())


@pytest.mark.parametrize("damage", [b"alphA", b"alph", b""])
def test_a_changed_file_is_refused(cache: Path, damage: bytes) -> None:
    (put(cache / "tiny") / "a.txt").write_bytes(damage)
    with pytest.raises(
        PracticumError, match=rf"a.txt: not the published file of tiny: expected sha256 8ed3.*{len(damage)} bytes"
    ):
        store.find(dataset())


def test_another_compression_of_the_same_data_is_right(cache: Path) -> None:
    folder = put(cache / "tiny")
    (folder / "b.txt.gz").write_bytes(gzip.compress(b"beta", compresslevel=1, mtime=5))
    assert store.find(dataset()) == folder
    (folder / "b.txt.gz").write_bytes(gzip.compress(b"beta")[:-3])
    with pytest.raises(PracticumError, match="not a whole gzip file"):
        store.find(dataset())


def test_half_a_set_is_named(cache: Path) -> None:
    (put(cache / "tiny") / "a.txt").unlink()
    with pytest.raises(PracticumError, match=r"incomplete, without a\.txt"):
        store.find(dataset())


def test_what_may_not_be_packaged_says_how_to_get_it() -> None:
    with pytest.raises(
        PracticumError, match=r"Tiny is not here .*CC0.*set PRACTICUM_DATA to a folder that holds tiny/ \(from nobody\)"
    ):
        store.need(dataset())


def test_the_sample_speaks_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert mnist().sample
    assert mnist().train_images.shape == (1833, 1, 28, 28)
    assert capsys.readouterr().err.count("mnist: using the small packaged sample") == 1
    clothes = fashion_mnist()
    assert clothes.test_images.shape == (400, 1, 28, 28)
    assert clothes.train_labels.unique().tolist() == list(range(10))


class Server:
    """Serves `bodies` on this machine and counts the requests."""

    def __init__(self, bodies: dict[str, bytes]) -> None:
        server = self
        self.asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path[1:]
                server.asked.append(name)
                body = bodies.get(name)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: object) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


def test_fetch_brings_what_is_missing(cache: Path) -> None:
    server = Server(CONTENT)
    folder = store.fetch(dataset(server.url), progress=False)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENT
    assert store.find(dataset(server.url)) == folder
    (folder / "a.txt").write_bytes(b"worse")
    store.fetch(dataset(server.url), progress=False)
    assert server.asked == ["a.txt", "b.txt.gz", "a.txt"]
    server.http.shutdown()


@pytest.mark.parametrize("bodies", [{"a.txt": b"evil"}, {}])
def test_a_wrong_download_leaves_nothing(cache: Path, bodies: dict[str, bytes]) -> None:
    server = Server(bodies)
    with pytest.raises(PracticumError, match=r"a\.txt: not (the published file|downloaded)"):
        store.fetch(dataset(server.url), progress=False)
    assert list((cache / "tiny").iterdir()) == []
    server.http.shutdown()


def test_no_network_no_space_no_address(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PracticumError, match=r"a\.txt: not downloaded \(.*Nothing was changed"):
        store.fetch(dataset("http://127.0.0.1:9"), progress=False)
    with pytest.raises(PracticumError, match=r"no lasting address is known for a\.txt of tiny. Its source: nobody"):
        store.fetch(dataset(), progress=False)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 90, 10))  # type: ignore[attr-defined]
    with pytest.raises(PracticumError, match=r"expected 20 free bytes .*, got 10"):
        store.fetch(dataset("http://127.0.0.1:9"), progress=False)


def idx(shape: tuple[int, ...], body: bytes) -> bytes:
    return b"\0\0\x08" + bytes([len(shape)]) + np.array(shape, ">u4").tobytes() + body


def test_idx(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(idx((2, 3), bytes(range(6)))))
    assert read_idx(path).tolist() == [[0, 1, 2], [3, 4, 5]]
    for body, message in (
        (b"no gzip", "not a whole gzip file"),
        (gzip.compress(idx((2, 3), bytes(6)))[:-9], "not a whole gzip file"),
        (gzip.compress(b"\0\0\x0d\1abc"), "expected an IDX file of bytes"),
        (gzip.compress(b""), "expected an IDX file of bytes"),
        (gzip.compress(idx((2, 3), bytes(5))), "expected 2 × 3 = 6 bytes as its header says, got 5"),
        (gzip.compress(idx((2**31, 2**31, 2**31), bytes(5))), "as its header says, got 5"),
        (gzip.compress(b"\0\0\x08\3\0\0\0\1"), "header"),
    ):
        path.write_bytes(body)
        with pytest.raises(PracticumError, match=message):
            read_idx(path)
