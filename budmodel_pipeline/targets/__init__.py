"""What is done to one place where a model lies: name it, open it, inspect, license, scan. Knows no database."""
