"""Alembic's way from every released schema to today's."""
