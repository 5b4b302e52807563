"""Kernels to LLVM text: one function `void kernel(ptr args, i64 thread, i64 threads)` each."""
