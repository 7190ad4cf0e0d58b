"""Locks on files."""

from __future__ import annotations

from labdeck.store.locks import hold, is_held


def test_one_holds_a_file_at_a_time(tmp_path):
    path = tmp_path / "lock"
    assert not is_held(path)
    with hold(path, 0.0) as held:
        assert held
        assert is_held(path)
        with hold(path, 0.05) as again:
            assert not again
    assert not is_held(path)
    with hold(path, 0.0) as held:
        assert held
