"""One file a revision; once released, a file never changes."""
