"""What the debugger knows of frameworks: one hook each, none of which imports what is not in use."""
