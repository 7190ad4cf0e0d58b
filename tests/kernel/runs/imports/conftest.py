"""Stores that other trackers wrote, each once for all tests."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def written_by(script, *arguments, cwd):
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session", params=["files", "database"])
def mlflow_written(request, tmp_path_factory):
    """A store that MLflow wrote, and what it reads back of each run."""
    folder = tmp_path_factory.mktemp("mlflow")
    if request.param == "files":
        place, uri = folder / "mlruns", f"file://{folder}/mlruns"
    else:
        place, uri = folder / "mlflow.db", f"sqlite:///{folder}/mlflow.db"
    told = json.loads(written_by("write_mlflow.py", uri, cwd=folder).splitlines()[-1])
    return place, {run["name"]: run for run in told}


@pytest.fixture
def mlflow_store(mlflow_written, tmp_path):
    """A copy of it, to be changed."""
    place, told = mlflow_written
    shutil.copytree(place.parent, tmp_path / "copy")
    return tmp_path / "copy" / place.name, told


@pytest.fixture(scope="session")
def wandb_written(tmp_path_factory):
    """A folder that W&B wrote offline, long enough for several blocks, and the run's id."""
    folder = tmp_path_factory.mktemp("offline")
    return folder, written_by("write_wandb.py", folder, 400, cwd=folder).split()[-1]
