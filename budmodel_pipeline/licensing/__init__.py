"""What a license permits: which one a text is, and what it says. Pure functions over texts and names."""
