"""What a pickle would do when loaded, found out from its opcodes without loading it."""
