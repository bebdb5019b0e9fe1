"""HDF5, and what Keras keeps in it: objects, heaps and chunks, each read once and accounted for."""
