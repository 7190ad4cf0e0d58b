"""`%experiment export` and `import` in a shell."""

import os
import signal
import threading
import time

import pytest
from IPython.core.completer import provisionalcompleter

from labdeck.errors import UsageError
from labdeck.magics.progress import ProgressBar
from labdeck.runs.imports.bring_in import Progress
from labdeck.wire.transfers import Exported, Imported
from labdeck_ui.as_html import html_card
from labdeck_ui.as_text import text_card
from labdeck_ui.transfer_cards import exported_card, imported_card


@pytest.fixture
def digits(line, tmp_path, monkeypatch):
    """An experiment in use with a trial; the current folder is empty."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    experiment = line("create digits")
    with experiment.trial("cnn", params={"width": 8}) as trial:
        trial.log(loss=0.5)
    return experiment


@pytest.fixture
def mlruns(digits, tmp_path):  # noqa: ARG001 - the current folder
    """A store of MLflow with a run and a broken one."""
    run = tmp_path / "here" / "mlruns" / "1" / ("a" * 32)
    run.mkdir(parents=True)
    (run.parent / "meta.yaml").write_text("experiment_id: '1'\nname: theirs\n")
    (run / "meta.yaml").write_text("run_id: x\nrun_name: first\nstatus: 3\nstart_time: 1000\nend_time: 2000\n")
    (run.parent / ("b" * 32)).mkdir()
    return run


@pytest.mark.usefixtures("digits")
def test_what_is_exported_is_imported(line, studio):
    done = line("export lab.zip")
    assert (done.path, done.experiments, done.trials) == ("lab.zip", ("digits",), 1)
    assert line("import lab.zip").unchanged == 1
    assert line("export trials.csv digits").trials == 1
    with pytest.raises(Exception, match="is there already"):
        line("export lab.zip")
    assert line("export lab.zip --force").trials == 1
    assert len(studio.experiments()) == 1


@pytest.mark.usefixtures("mlruns")
def test_a_tracker_is_imported(line, studio):
    done = line("import mlruns --from mlflow --experiment mine")
    assert (done.experiments, done.trials, len(done.skipped)) == (("mine",), 1, 1)
    assert studio.find_trial("first", experiment="mine").record().state == "completed"


@pytest.mark.slow
def test_stop_is_one_line_and_keeps_what_came(line, studio, mlruns):
    for number in range(400):
        run = mlruns.parent / f"{number:032x}"
        run.mkdir()
        (run / "meta.yaml").write_text(f"run_id: x\nrun_name: run-{number}\nstatus: 3\nstart_time: 1\nend_time: 2\n")

    def stop_when_something_came():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not any(item.name == "theirs" for item in studio.experiments()):
            pass
        os.kill(os.getpid(), signal.SIGINT)

    stopper = threading.Thread(target=stop_when_something_came)
    stopper.start()
    with pytest.raises(UsageError, match="stopped; what has come in stays"):
        line("import mlruns")
    stopper.join()
    here = len(studio.find_experiment("theirs").trials())
    assert here < 401
    assert line("import mlruns").trials == 401 - here


@pytest.mark.usefixtures("mlruns")
def test_paths_kinds_and_experiments_are_completed(ip):
    def complete(text):
        with provisionalcompleter():
            return [one.text for one in ip.Completer.completions(text, len(text))]

    assert complete("%experiment import ml") == ["mlruns/"]
    assert complete("%experiment import mlruns/") == ["mlruns/1/"]
    assert complete("%experiment import mlruns --from w") == ["wandb"]
    assert complete("%experiment import mlruns --experiment ") == ["digits"]
    assert complete("%experiment export x.zip d") == ["digits"]


@pytest.mark.usefixtures("ip")
def test_the_bar_appears_moves_and_goes(capsys):
    with ProgressBar("run") as bar:
        bar.show(Progress(0, 3, None))
        bar.show(Progress(2, 3, 7200.0))
    out = capsys.readouterr().out
    assert "0 of 3 runs" in out
    assert "2 of 3 runs, 2.0 h left" in out
    with ProgressBar("run") as quick:
        quick.show(Progress(1, 1, 0.0))
    assert capsys.readouterr().out == ""


def test_the_card_of_an_import_names_what_was_left_out():
    hostile = "<script>alert(1)</script>"
    done = Imported(
        kind="mlflow", experiments=("digits", hostile), trials=1200, completed=2, unchanged=3, points=5,
        artifacts=1, skipped=(f"run 'x': {hostile}",) * 30, trial_ids=("a" * 32,),
    )  # fmt: skip
    text = text_card(imported_card(done))
    assert "imported from MLflow" in text
    assert "1,200" in text
    assert "30 things left out" in text
    assert "10 more" in text
    html = html_card(imported_card(done))
    assert hostile not in html
    assert "labdeck:compare" in html


def test_the_card_of_an_export_names_the_file():
    text = text_card(exported_card(Exported(path="lab.zip", size=1500, experiments=("a",), trials=2)))
    assert "exported to lab.zip" in text
    assert "1.5 kB" in text
