"""A studio on an empty store."""

import pytest

from labdeck.studio import Studio


@pytest.fixture
def studio(tmp_path):
    opened = Studio(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture
def experiment(studio):
    return studio.experiment("digits")
