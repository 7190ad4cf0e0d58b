"""The pieces of the server that need no server."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.web import HTTPError

from labdeck import errors
from labdeck.server.errors import STATUS, WireMismatch, explain
from labdeck.server.mailbox import Mailbox


def tree(kind):
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.UsageError, 400),
        (errors.InvalidName, 400),
        (errors.InvalidQuery, 400),
        (errors.TrialClosed, 400),
        (errors.NotFound, 404),
        (errors.Conflict, 409),
        (WireMismatch, 409),
        (errors.TooLarge, 413),
        (errors.StoreBusy, 503),
        (errors.StoreUnreachable, 503),
        (errors.StoreFull, 503),
        (errors.StoreTooNew, 503),
        (errors.StoreCorrupt, 500),
        (errors.LabdeckError, 500),
    ],
)
def test_each_error_has_its_status(kind, status):
    answered, message = explain(kind("what", "do"))
    assert (answered, message.code, message.message, message.remedy) == (status, kind.code, "what", "do")


def test_every_code_is_told_apart():
    kinds = [kind for kind in tree(errors.LabdeckError) if kind.__module__ == "labdeck.errors"]
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert {kind for kind, _ in STATUS} <= set(kinds)


def test_other_exceptions():
    assert explain(HTTPError(403))[1].code == "forbidden"
    status, message = explain(ZeroDivisionError("secret"))
    assert status == 500
    assert "secret" not in message.message + message.remedy


def drain(mailbox):
    async def take_all():
        frames = []
        while mailbox._waiting:
            frames.append(await mailbox.take())
        return frames

    return asyncio.run(take_all())


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(1, 8), st.integers(40, 200))
def test_a_mailbox_is_bounded_ordered_and_ends_where_the_log_ends(sizes, frames, size):
    mailbox = Mailbox(frames, size)
    for seq, length in enumerate(sizes, start=1):
        mailbox.put(str(seq).ljust(length).encode(), seq)
        assert len(mailbox._waiting) <= frames
        assert mailbox._bytes == sum(map(len, mailbox._waiting)) <= max(size, 50)
    seqs = [json.loads(f)["seq"] if f.startswith(b"{") else int(f) for f in drain(mailbox)]
    assert seqs == list(range(len(sizes) - len(seqs) + 1, len(sizes) + 1)), "nothing may be missing after a reset"


def test_a_mailbox_that_is_read_loses_nothing():
    async def scenario():
        mailbox = Mailbox(frames=3)
        taken, progress = [], asyncio.Event()

        async def read():
            while len(taken) < 100:
                taken.append(await mailbox.take())
                progress.set()

        reader = asyncio.create_task(read())
        for seq in range(100):
            mailbox.put(str(seq).encode(), seq)
            while len(taken) <= seq:
                await asyncio.wait_for(progress.wait(), 10)
                progress.clear()
        await asyncio.wait_for(reader, 10)
        return taken

    assert asyncio.run(scenario()) == [str(seq).encode() for seq in range(100)]


def test_loading_the_extension_imports_nothing_heavy():
    """The Jupyter server's start must not wait for a database or a plotting library."""
    code = (
        "import sys, labdeck, labdeck.server.routes, labdeck.server.door;"
        "print([n for n in ('sqlalchemy', 'alembic', 'numpy', 'pandas', 'pyarrow', 'plotly') if n in sys.modules])"
    )
    path = [entry for entry in sys.path if entry]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(path)}
    )
    assert done.stdout.strip() == "[]"
