"""Whether the files of a model are safe. Imports nothing of the pipeline and reads no network."""
