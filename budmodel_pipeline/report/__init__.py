"""The page that people open: rows of the marts become one HTML file that asks no network for anything."""
