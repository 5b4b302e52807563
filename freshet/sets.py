"""Sets in rows of tensors: ``ft.sets``."""
