"""Records training that libraries do, without a line of recording in the user's code."""
