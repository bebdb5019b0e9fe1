"""Dagster resources, and nothing else: settings as a run sees them."""
