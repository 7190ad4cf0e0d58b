"""What a training spends its time on, and what the machine does meanwhile."""
