"""How the measurements are made: workers, their rounds, and what is shown of them."""
