"""Graph to kernels to LLVM text to object code. `pipeline` lists the passes in order."""
