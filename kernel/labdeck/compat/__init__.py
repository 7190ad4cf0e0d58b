"""Other people's APIs over ours: their names and promises, our store."""
