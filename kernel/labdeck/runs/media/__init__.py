"""Images, sound, tables, figures and texts on their way into the store: each becomes one file."""
