"""Convolutions with fewer multiplications: `freshet.compiler.winograd.choose.winograd`."""
