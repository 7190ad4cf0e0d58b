"""Downloads: the right bytes, and nothing that a browser would run."""

from __future__ import annotations

import hashlib
import os
import tracemalloc

import pytest

from labdeck.server.artifacts import disposition


@pytest.fixture
def keep(studio, tmp_path):
    """Log a file with a trial; return the paths of its route."""

    def log(content, name="model.bin", media_type=None):
        path = tmp_path / "source"
        path.write_bytes(content)
        with studio.experiment("digits").trial("cnn-32") as trial:
            trial.log_artifact(path, name=name, media_type=media_type)
        (artifact,) = studio.trial_detail(trial.id).artifacts
        return f"trials/{trial.id}/artifacts/{artifact.id}", artifact

    return log


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 1_000_001])
async def test_the_bytes_come_back(ask, keep, size):
    content = os.urandom(size)
    path, artifact = keep(content)
    answer = await ask(path)
    assert answer.status == 200
    assert answer.raw == content
    assert hashlib.sha256(answer.raw).hexdigest() == artifact.sha256
    assert answer.headers["Content-Length"] == str(size)


async def test_html_is_handed_over_and_not_shown(ask, keep):
    path, _ = keep(b"<script>alert(1)</script>", name="report.html", media_type="text/html")
    answer = await ask(path)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    assert "allow-" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("name", "plain", "full"),
    [
        ("model.bin", "model.bin", "model.bin"),
        ("plots/roc.png", "roc.png", "roc.png"),
        ("..\\..\\evil.exe", "evil.exe", "evil.exe"),
        ('a"b;c', "a_b_c", "a%22b%3Bc"),
        ("ä 名", "___", "%C3%A4%20%E5%90%8D"),
        ("x\r\nSet-Cookie: a=b", "xSet-Cookie__a_b", "xSet-Cookie%3A%20a%3Db"),
        ("..", "artifact", "artifact"),
        ("a/", "artifact", "artifact"),
        ("\x1b", "artifact", "artifact"),
    ],
)
def test_file_names(name, plain, full):
    assert disposition(name) == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{full}"


async def test_a_large_file_passes_in_pieces(ask, keep):
    size = 32 << 20
    path, _ = keep(bytes(size))
    received = 0

    def count(piece):
        nonlocal received
        received += len(piece)

    tracemalloc.start()
    try:
        answer = await ask(path, streaming_callback=count)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status == 200
    assert received == size
    assert peak < size / 2


async def test_another_trials_artifact_is_not_found(ask, keep, studio):
    _, artifact = keep(b"x")
    with studio.experiment("digits").trial("other") as other:
        pass
    studio.session.flush()
    answer = await ask(f"trials/{other.id}/artifacts/{artifact.id}")
    assert (answer.status, answer.body["code"]) == (404, "not-found")


async def test_content_that_is_gone_is_said(ask, keep, studio):
    path, artifact = keep(b"x")
    studio.session.artifacts.path(artifact.sha256).unlink()
    answer = await ask(path)
    assert answer.status == 404
    assert "labdeck store check" in answer.body["remedy"]
    assert "Content-Disposition" not in answer.headers
