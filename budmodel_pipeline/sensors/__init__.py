"""What starts runs because something happened: a request, a new model, new scores. Each tick has a budget."""
