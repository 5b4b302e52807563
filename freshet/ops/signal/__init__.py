"""Signal processing: Fourier and cosine transforms, windows, frames and spectrograms."""
