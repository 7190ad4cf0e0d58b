"""Waiting for what happens in the background."""

import time

import pytest


@pytest.fixture
def eventually():
    """Wait for a condition to come true."""

    def wait(condition):
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "it never came true"
            time.sleep(0.05)

    return wait
