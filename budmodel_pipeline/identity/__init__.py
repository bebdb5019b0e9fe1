"""Published names -> models. Pure functions over names."""
