"""How Labdeck judges: rules look at windows of a training, what they find is recorded and acted upon."""
