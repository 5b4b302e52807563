"""Linear operators: matrices that are known by what they do, and need not be written out."""
