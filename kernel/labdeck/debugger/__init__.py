"""The training debugger: what is recorded of a training, and the rules that watch it."""
