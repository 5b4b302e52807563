"""Tensors, dtypes, shapes, variables, errors and configuration: imports nothing of Freshet."""
