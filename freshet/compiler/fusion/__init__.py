"""Graph to kernels: which values are kept in memory, which nodes share a kernel."""
