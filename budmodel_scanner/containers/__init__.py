"""What holds other files: archives and compressed streams, read where they lie and never unpacked."""
