"""One strict reader for each format of weights and data: it reads to the last byte, or says where it stopped."""
