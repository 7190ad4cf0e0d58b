"""What data, models and trials came from and led to."""
