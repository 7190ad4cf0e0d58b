"""Exports, and archives that are imported like anything else."""

import pandas as pd
import pytest

from labdeck.errors import Conflict, NotFound, UsageError
from labdeck.studio import Studio


@pytest.fixture
def filled(studio):
    """Two experiments, the parameters of one of two types."""
    for name, widths in (("digits", (16, "wide")), ("letters", (8,))):
        for width in widths:
            with studio.experiment(name).trial(f"cnn-{width}", params={"width": width}) as trial:
                trial.log(loss=0.5)
    return studio


def test_an_archive_goes_to_another_store(filled, tmp_path):
    done = filled.export_to(tmp_path / "lab.zip")
    assert (set(done.experiments), done.trials, done.skipped) == ({"digits", "letters"}, 3, ())
    assert done.size == (tmp_path / "lab.zip").stat().st_size
    with Studio(tmp_path / "other") as other:
        first, again = other.import_from(tmp_path / "lab.zip"), other.import_from(tmp_path / "lab.zip", "labdeck")
        assert (first.kind, set(first.experiments), first.trials) == ("labdeck", {"digits", "letters"}, 3)
        assert (again.experiments, again.trials, again.unchanged) == ((), 0, 3)
        with pytest.raises(UsageError, match="brings its own experiments"):
            other.import_from(tmp_path / "lab.zip", experiment="all")


def test_parts_and_what_is_archived_go_along(studio, tmp_path):
    from labdeck.wire.commands import Archive

    with studio.experiment("digits").trial("search") as whole, whole.trial("part"):
        pass
    with studio.experiment("digits").trial("old") as old:
        pass
    studio.apply([Archive(ids=(old.id,))])
    assert studio.export_to(tmp_path / "lab.zip").trials == 3
    with Studio(tmp_path / "other") as other:
        other.import_from(tmp_path / "lab.zip")
        assert other.find_trial("part").record().parent_id == whole.id
        assert other.find_trial("old").record().archived
        assert not other.find_trial("search").record().archived


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".PARQUET"])
def test_a_table_has_a_row_per_trial(filled, tmp_path, suffix):
    path = tmp_path / f"trials{suffix}"
    assert filled.export_to(path).trials == 3
    table = pd.read_csv(path) if suffix == ".csv" else pd.read_parquet(path)
    assert sorted(table["experiment"]) == ["digits", "digits", "letters"]
    assert set(table["params.width"].astype(str)) == {"16", "wide", "8"}
    assert table["metrics.loss"].tolist() == [0.5, 0.5, 0.5]


def test_a_table_of_one_experiment_keeps_numbers(filled, tmp_path):
    filled.export_to(tmp_path / "t.parquet", "letters")
    assert pd.read_parquet(tmp_path / "t.parquet")["params.width"].tolist() == [8]


def test_nothing_is_replaced_unasked(filled, tmp_path):
    path = tmp_path / "lab.zip"
    path.write_text("precious")
    with pytest.raises(Conflict, match="is there already"):
        filled.export_to(path)
    assert path.read_text() == "precious"
    assert filled.export_to(path, "digits", force=True).trials == 2


def test_mistakes_are_told(filled, tmp_path):
    with pytest.raises(NotFound, match="did you mean 'digits'"):
        filled.export_to(tmp_path / "x.zip", "digit")
    with pytest.raises(UsageError, match="there is no folder"):
        filled.export_to(tmp_path / "no" / "x.csv")
    assert list(tmp_path.glob("*x*")) == []
