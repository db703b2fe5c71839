"""Benchmarks: what counting and ingesting cost, as ratios to floors and peers of the same run."""
