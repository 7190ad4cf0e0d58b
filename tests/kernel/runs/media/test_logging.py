"""Media of trials and components, kept and got back."""

import numpy as np
import plotly.graph_objects as go
import pytest

from labdeck.errors import InvalidMetric, InvalidName, NotFound, TrialClosed, UsageError


@pytest.fixture
def trial(experiment):
    with experiment.trial("cnn") as running:
        yield running


def test_steps_stand_side_by_side_and_the_newest_of_one_wins(trial):
    for step in (0, 1, 2):
        trial.log_image("sample", np.full((2, 2), step / 2), step=step, caption=f"step {step}")
    again = trial.log_image("sample", np.ones((3, 3)), step=1)
    kept = trial.artifacts()
    assert [(item.name, item.step, item.kind) for item in kept] == [("sample", step, "image") for step in (0, 1, 2)]
    assert kept[1].id == again.id
    assert (kept[2].caption, kept[2].media_type) == ("step 2", "image/png")
    assert trial.artifact("sample").record.step == 1, "the newest"
    assert trial.artifact("sample", 2).record == kept[2]
    assert trial.artifact("sample", step=0).read() == trial.artifact("sample", step=0).path.read_bytes()


def test_each_kind_comes_back(trial):
    trial.log_table("table", {"x": [1, 2]})
    trial.log_text("text", "grüße\n")
    trial.log_audio("sound", np.zeros(10), 8000)
    trial.log_figure("figure", go.Figure(go.Scatter(y=[1, 2])))
    assert trial.artifact("table").table().to_dict("list") == {"x": [1, 2]}
    assert trial.artifact("text").text() == "grüße\n"
    assert list(trial.artifact("figure").figure().data[0].y) == [1, 2]
    assert [(item.kind, item.media_type) for item in trial.artifacts()] == [
        ("table", "application/vnd.apache.parquet"),
        ("text", "text/plain"),
        ("audio", "audio/wav"),
        ("figure", "application/vnd.plotly.v1+json"),
    ]
    for wrong in ("text", "figure"):
        with pytest.raises(UsageError, match="is no table"):
            trial.artifact(wrong).table()
    with pytest.raises(UsageError, match="no figure of plotly"):
        trial.artifact("text").figure()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "media_type", "magic"), [("png", "image/png", b"\x89PNG"), ("svg", "image/svg+xml", b"<?xml")]
)
def test_figures_of_matplotlib(trial, form, media_type, magic):
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    for drawn in (axes, axes.figure):
        kept = trial.log_figure("plot", drawn, form=form)
        assert (kept.kind, kept.media_type) == ("figure", media_type)
        assert trial.artifact("plot").read().startswith(magic)


def test_a_component_has_its_own(trial):
    with trial.component("training") as training:
        training.log_text("log", "inner")
    trial.log_text("log", "outer")
    assert trial.artifact("log").text() == "outer"
    assert trial.artifact("log", component="training").text() == "inner"


def test_tables_of_files(trial, tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    (tmp_path / "data.tsv").write_text("a\tb\n1\t2\n")
    for name in ("data.csv", "data.tsv"):
        trial.log_artifact(tmp_path / name)
        assert trial.artifact(name).table().to_dict("list") == {"a": [1], "b": [2]}


def test_mistakes(trial, experiment):
    trial.log_text("sample", "x", step=3)
    with pytest.raises(NotFound, match="did you mean 'sample'"):
        trial.artifact("smaple")
    with pytest.raises(NotFound, match="it was at 3"):
        trial.artifact("sample", step=4)
    with pytest.raises(InvalidMetric, match="no integer"):
        trial.log_text("sample", "x", step=1.5)
    with pytest.raises(InvalidMetric, match="beyond int64"):
        trial.log_text("sample", "x", step=2**63)
    with pytest.raises(InvalidName):
        trial.log_text("", "x")
    with pytest.raises(UsageError, match="caption"):
        trial.log_text("sample", "x", caption=5)
    with pytest.raises(UsageError, match="given as bytes"):
        trial.log_text("sample", b"x")
    with pytest.raises(UsageError, match="given as str"):
        trial.log_figure("figure", "x")
    with pytest.raises(UsageError, match="no figure is kept as 'gif'"):
        trial.log_figure("figure", object(), form="gif")
    ended = experiment.trial("ended").start()
    ended.finish()
    with pytest.raises(TrialClosed):
        ended.log_text("x", "y")
    assert [item.step for item in trial.artifacts()] == [3]


def test_content_that_is_gone_is_told(trial):
    trial.log_text("text", "x")
    found = trial.artifact("text")
    found.path.unlink()
    with pytest.raises(NotFound, match="is missing"):
        found.read()
