"""Tensors of trials over steps: their reductions row by row, and whole arrays.

A writer has two files, however many steps there are: `<writer>.rows`, one row of float64 a step, and `<writer>.arrays`,
one safetensors block a step. What the flight recorder kept is one more file of the second kind, `<id>.flight`.
"""
