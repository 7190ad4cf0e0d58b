"""Metric points: segments while a trial runs, Parquet when it has ended."""
