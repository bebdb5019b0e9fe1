"""Published names to models: rules about the words of a name, and what only a person can know in `knowledge.toml`."""
