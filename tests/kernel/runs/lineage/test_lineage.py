"""The lineage by hand: adding, associating, asking."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest

from labdeck.errors import InvalidName, NotFound, UsageError
from labdeck.runs.lineage.nodes import HASHED, TELLING, _digest, path_node


@pytest.fixture
def lineage(studio):
    return studio.lineage


def names(nodes):
    return [node.name for node in nodes]


def test_every_trial_and_endpoint_that_used_a_data_set(experiment, lineage, tmp_path):
    data = tmp_path / "digits.csv"
    data.write_text("1", encoding="utf-8")
    trials = []
    for name in ("a", "b"):
        with experiment.trial(name) as trial:
            trial.log_input(data)
            model = trial.log_output(name.encode(), name=f"model-{name}")
        trials.append(trial)
    endpoint = lineage.context("api", type="Endpoint")
    lineage.associate(model, endpoint, "ContributedTo")
    found = lineage.downstream(data)
    assert {trial.id for trial in found.trials()} == {trial.id for trial in trials}
    assert names(found.of_type("Endpoint")) == ["api"]
    assert names(lineage.upstream("api")) == ["api", "model-b", "b", "digits.csv"]
    assert names(lineage.upstream("api", depth=1)) == ["api", "model-b"]
    assert len(lineage.trace("model-a")) == 3
    trials[0].delete()
    assert [trial.id for trial in lineage.downstream(data).trials()] == [trials[1].id]


def test_said_again_it_is_updated(lineage):
    first = lineage.artifact("model", type="Model", properties={"rows": 1})
    again = lineage.artifact("model", type="Model", properties={"rows": 2})
    assert first.id == again.id
    assert lineage.nodes(type="Model") == [again]
    assert again.created == first.created
    assert lineage.action("model", type="Model").id != first.id


def test_all_ways_to_name_a_node(experiment, lineage, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("1", encoding="utf-8")
    with experiment.trial("cnn") as trial:
        node = trial.log_input(path)
        address = trial.log_input("https://example.org/a.csv?token=x")
    for ref in (node, node.id, "data.csv", path, str(path)):
        assert lineage.node(ref).id == node.id
    assert lineage.node("https://example.org/a.csv?token=y").id == address.id
    for ref in (trial, trial.id, "cnn"):
        assert lineage.node(ref).kind == "trial"
    path.write_text("2", encoding="utf-8")
    assert lineage.node(path).id == node.id, "as it was when it was last seen"
    with pytest.raises(NotFound, match="knows nothing of 'nowhere'"):
        lineage.node("nowhere")
    with pytest.raises(UsageError, match="no node"):
        lineage.node(3)


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        (np.arange(4), np.arange(4).copy(), np.arange(4).reshape(2, 2)),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
        (b"x", bytearray(b"x"), b"y"),
    ],
)
def test_what_has_content_is_known_by_it(experiment, one, same, other):
    with experiment.trial() as trial:
        ids = [trial.log_input(value).id for value in (one, same, other)]
    assert ids[0] == ids[1] != ids[2]


def test_what_has_none_needs_a_name(experiment):
    with experiment.trial() as trial:
        with pytest.raises(UsageError, match="give it a name"):
            trial.log_output(object())
        node = trial.log_output(object(), name="thing")
        with pytest.raises(NotFound, match="no file or folder"):
            trial.log_input("no such file.csv")
        with pytest.raises(InvalidName):
            trial.log_input(b"x", name="")
        with pytest.raises(UsageError, match="properties"):
            trial.log_input(b"x", properties=3)
    assert node.properties["class"] == "builtins.object"


def test_a_trial_can_be_the_input_of_another(experiment, lineage):
    with experiment.trial("first") as first:
        pass
    with experiment.trial("second") as second:
        second.log_input(first)
    assert [trial.name for trial in lineage.upstream(second).trials()] == ["second", "first"]


def test_taking_back(experiment, lineage):
    a, b = lineage.artifact("a"), lineage.artifact("b")
    lineage.associate(a, b, "DerivedFrom")
    lineage.dissociate(a, b, "DerivedFrom")
    assert names(lineage.downstream(a)) == ["a"]
    lineage.associate(a, b, "SameAs")
    assert names(lineage.upstream(a)) == ["a", "b"]
    lineage.remove("b")
    assert names(lineage.upstream(a)) == ["a"]
    with experiment.trial() as trial:
        pass
    with pytest.raises(UsageError, match="is a trial"):
        lineage.remove(trial)
    with pytest.raises(UsageError, match="no association"):
        lineage.associate(a, a, "Likes")


def test_a_frame_of_associations(experiment, lineage):
    with experiment.trial("cnn") as trial:
        trial.log_input(b"x", name="digits")
    frame = lineage.trace(trial).frame()
    assert frame.to_dict("records") == [
        {
            "source": "digits",
            "source_type": "DataSet",
            "association": "ContributedTo",
            "destination": "cnn",
            "destination_type": "Trial",
        }
    ]


def test_what_a_cell_shows_is_text(experiment, lineage):
    with experiment.trial("cnn") as trial:
        trial.log_input(b"x", name="<script>")
    shown = lineage.trace(trial)._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown
    assert repr(lineage.trace(trial)) == "<lineage of 2 nodes and 1 associations>"


def test_a_large_file_is_known_by_its_place(tmp_path):
    path = tmp_path / "large.parquet"
    with path.open("wb") as file:
        file.truncate(HASHED + 1)
    node = path_node(str(path))
    assert node.digest == ""
    assert "too large" in node.properties["identity"]
    assert path_node(str(path)).id == node.id


def test_a_folder_is_known_by_what_is_in_it(tmp_path):
    for place in ("one", "copy"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "a.png").write_bytes(b"a")
    one = path_node(str(tmp_path / "one"))
    assert one.id == path_node(str(tmp_path / "copy")).id
    (tmp_path / "copy" / "b.png").write_bytes(b"b")
    assert one.id != path_node(str(tmp_path / "copy")).id


def test_content_tells_a_file_from_others_unless_there_is_little(tmp_path):
    for size, same in ((0, False), (TELLING - 1, False), (TELLING, True)):
        one, copy = tmp_path / "one.csv", tmp_path / "copy.csv"
        one.write_bytes(b"1" * size)
        copy.write_bytes(b"1" * size)
        assert (path_node(str(one)).id == path_node(str(copy)).id) is same
        assert path_node(str(one)).digest == path_node(str(copy)).digest
        assert ("too small" in path_node(str(one)).properties.get("identity", "")) is not same
        before = path_node(str(one)).id
        one.write_bytes(b"2" * size)
        assert (path_node(str(one)).id == before) is (size == 0)


def test_empty_folders_are_not_the_same(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    assert path_node(str(tmp_path / "one")).id == path_node(str(tmp_path / "one")).id
    assert path_node(str(tmp_path / "one")).id != path_node(str(tmp_path / "other")).id


def test_what_has_become_a_pipe_is_not_read(tmp_path):
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    end = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    os.write(end, b"for somebody else")
    for attempt in (lambda: path_node(str(path)), lambda: _digest(str(path), 0, 0, 0)):
        with pytest.raises(OSError, match="neither a file nor a folder"):
            attempt()
    assert os.read(end, 100) == b"for somebody else"
    os.close(end)
