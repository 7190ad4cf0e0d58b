"""What W&B wrote offline comes in, and so does what is left of a damaged log."""

import io
import math
import shutil
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.runs.imports.wandb_log import BLOCK, HEADER, MAGIC, NoLogError, records

slow = pytest.mark.slow


@pytest.fixture
def folder(wandb_written, tmp_path):
    """A copy of what W&B wrote, to be changed; links keep leading to the original."""
    shutil.copytree(wandb_written[0], tmp_path / "copy", symlinks=True)
    return tmp_path / "copy"


def log_in(folder):
    (path,) = folder.glob("wandb/offline-run-*/run-*.wandb")
    return path


@slow
def test_a_run_comes_in(studio, wandb_written):
    folder, run_id = wandb_written
    done = studio.import_from(folder)
    assert (done.kind, done.experiments, done.trials) == ("wandb", ("vision",), 1)
    assert done.skipped == (f"run {run_id!r}: the file 'saved.txt' is a link to elsewhere",)
    (trial,) = studio.find_experiment("vision").trials()
    record = trial.record()
    assert (record.name, record.note, record.state) == ("first", "a note", "completed")
    assert {"good": "", "group": "night", "job_type": "train"}.items() <= record.tags.items()
    assert record.tags["imported.id"] == f"vision/{run_id}"
    assert trial.params == {"lr": 0.1, "opt.name": "sgd", "opt.momentum": 0.9, "layers": "[1, 2]", "late": True}
    series = trial.history("loss")
    assert series.steps.tolist() == list(range(400))
    assert series.values.tolist() == [1 / (step + 1) for step in range(400)]
    assert record.started <= series.times[0] <= series.times[-1] <= record.ended
    assert trial.history("nested.value").values.tolist() == list(range(400))
    assert math.isnan(trial.history("odd").values[-1])
    assert trial.metrics["best"].last == 3
    assert "said" not in trial.metrics
    assert "own.md" in {item.name for item in trial.artifacts()}


@slow
def test_again_brings_nothing_and_links_when_asked_for(studio, folder):
    studio.import_from(folder)
    again = studio.import_from(folder / "wandb")
    assert (again.trials, again.completed, again.unchanged, again.points) == (0, 0, 1, 0)
    assert studio.import_from(log_in(folder), links=True).artifacts == 1


@slow
def test_a_killed_run_gives_what_is_whole_and_later_the_rest(studio, folder):
    path = log_in(folder)
    whole = path.read_bytes()
    path.write_bytes(whole[: BLOCK + 1000])
    done = studio.import_from(folder)
    assert any("no whole records" in line for line in done.skipped)
    (trial,) = studio.find_experiment("vision").trials()
    count = len(trial.history("loss"))
    assert 50 < count < 400
    assert trial.record().state == "interrupted"
    assert trial.record().incomplete
    path.write_bytes(whole)
    assert studio.import_from(folder).completed == 1
    assert trial.history("loss").steps.tolist() == list(range(400))
    assert trial.record().state == "completed"
    assert not trial.record().incomplete


@slow
def test_a_damaged_log_costs_only_the_block(studio, folder):
    path = log_in(folder)
    content = bytearray(path.read_bytes())
    content[BLOCK + 100 : BLOCK + 200] = b"\xff" * 100
    path.write_bytes(content)
    done = studio.import_from(folder)
    assert any("bytes are no whole records" in line for line in done.skipped)
    steps = studio.find_trial("first").history("loss").steps.tolist()
    assert steps == sorted(set(steps))
    assert steps[-1] == 399
    assert len(steps) < 400


@slow
def test_a_file_of_something_else_is_named(studio, folder):
    log_in(folder).write_bytes(b"hello")
    done = studio.import_from(folder)
    assert done.trials == 0
    assert "does not begin as the logs of W&B do" in done.skipped[0]


def frame(parts):
    """Write records as the format has it: slow and obvious."""
    content = bytearray(HEADER.pack(*MAGIC))
    for part in parts:
        left, first = part, True
        while True:
            room = BLOCK - len(content) % BLOCK
            if room < 7:
                content += bytes(room)
                continue
            piece, left = left[: room - 7], left[room - 7 :]
            kind = (1 if first else 4) if not left else (2 if first else 3)
            content += struct.pack("<IHB", zlib.crc32(bytes([kind]) + piece), len(piece), kind) + piece
            first = False
            if not left:
                break
    return bytes(content)


sizes = st.one_of(st.integers(0, 40), st.integers(BLOCK - 40, BLOCK + 40), st.integers(0, 3 * BLOCK))
parts = st.lists(sizes.map(lambda size: bytes(i % 251 + 1 for i in range(size))), max_size=6)


@given(parts)
def test_every_record_is_read(given_parts):
    assert list(records(io.BytesIO(frame(given_parts)))) == given_parts


@given(parts, st.integers(0, 4 * BLOCK))
def test_a_log_cut_anywhere_gives_a_beginning(given_parts, length):
    whole = frame(given_parts)
    cut = whole[: max(HEADER.size, length)]
    found = [part for part in records(io.BytesIO(cut)) if isinstance(part, bytes)]
    assert found == given_parts[: len(found)]
    if len(cut) == len(whole):
        assert len(found) == len(given_parts)


@given(st.binary(max_size=200))
def test_anything_else_is_refused_or_read_without_a_crash(content):
    try:
        list(records(io.BytesIO(content)))
    except NoLogError:
        assert content[: HEADER.size] != HEADER.pack(*MAGIC)
    list(records(io.BytesIO(HEADER.pack(*MAGIC) + content)))
