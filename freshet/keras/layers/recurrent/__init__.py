"""Layers that go through a sequence step by step.

cell.py         what the cells with gates share
simple_rnn.py, gru.py, lstm.py      a cell and the layer of it each
stacked_cells.py    cells on top of each other, as one
loop.py         a cell over all steps of a sequence, as one `scan`
rnn.py          the layer around a cell: states, masks, directions
bidirectional.py, time_distributed.py   layers around layers
"""
