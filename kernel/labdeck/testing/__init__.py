"""What ships for testing: the laws of the store as tests that any implementation can run."""
