"""Every operation, a file per family: primitives (one record each) and the public functions."""
