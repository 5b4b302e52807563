"""Operations on strings: a module per family, all on the host."""
