"""Strings that hold data in some format: raw numbers, CSV, base 64, tensors, examples."""
