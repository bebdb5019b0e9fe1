"""What a model is: fields with method and evidence, or null with the reason, from config, card, headers and catalogs."""
