"""What starts runs because something happened; each tick has a budget."""
