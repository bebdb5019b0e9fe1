"""Which model is better, how sure that is, and why: one fit to whatever scores there are. Arithmetic on values, no I/O."""
