"""Linear algebra: parts of matrices, decompositions, equations and functions of matrices."""
