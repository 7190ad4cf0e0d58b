"""Imports from other trackers: a source reads what they wrote, `bring_in` puts it into the store."""
