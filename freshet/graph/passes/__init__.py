"""Passes from graph to graph, a file each. `simplify.STAGES` lists them in order."""
