"""Measurements of Freshet beside its peers; see README.md in this folder."""
