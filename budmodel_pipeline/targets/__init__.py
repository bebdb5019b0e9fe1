"""What is done to one place where a model lies: name, open, inspect, license, scan. Knows no database."""
