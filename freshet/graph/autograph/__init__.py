"""AutoGraph: Python's control flow on tensors becomes part of the traced graph.

A function that is traced is rewritten first: its `if`, `while`, `for` and so on become calls of
operators, which look at the values when the function runs. A Python value gets Python's own
statement; a tensor gets a condition or a loop in the graph.

    source.py         finds the syntax tree of a function
    jumps.py          break, continue and return become flags and conditions
    symbols.py        what a piece of code reads and assigns
    statements.py     if, while, for become calls of operators
    expressions.py    calls, and, or, not, comparisons, conditional expressions likewise
    conversion.py     all of this together: a function in, a function out
    calling.py        which functions are converted when they are called
    operators.py      what the rewritten code calls; branching.py and looping.py do the work
"""
