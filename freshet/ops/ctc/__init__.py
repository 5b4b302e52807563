"""Connectionist temporal classification: labels of a sequence without their places in time."""
