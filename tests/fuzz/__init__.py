"""Mutations of the corpus, fed to the examiners for as long as one likes. Run by hand: see `__main__`."""
