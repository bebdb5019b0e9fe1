"""Tables, migrations and bulk loading of schema `budmodel`: what is kept, and how it is read back."""
