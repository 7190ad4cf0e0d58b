"""What is done because of findings."""
