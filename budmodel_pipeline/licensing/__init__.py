"""What a license permits: which one a text or a name is, its reviewed terms in `records/`, and 22 answers with quotes."""
