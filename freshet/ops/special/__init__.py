"""Special functions: error functions, gamma and its kin, Bessel functions, integrals."""
