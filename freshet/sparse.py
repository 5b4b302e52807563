"""Sparse tensors: ``ft.sparse``."""

from freshet.ops.sparse.sparse_tensor import SparseTensor as SparseTensor
