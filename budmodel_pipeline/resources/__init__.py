"""Dagster resources, and nothing else: settings and clients as a run sees them."""
