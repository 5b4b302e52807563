"""The graph: tracing (`ft.function`), its text, differentiation, and passes from graph to graph."""
