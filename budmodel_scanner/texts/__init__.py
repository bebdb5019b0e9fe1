"""What people and programs write: code, configuration, templates, markup, notebooks. Parsed, never run or rendered."""
