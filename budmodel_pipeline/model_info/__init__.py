"""What a model is: architecture, size, card. Pure functions over the bytes of its repository."""
