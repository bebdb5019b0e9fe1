"""Collects public evidence about AI models every week and leaves Postgres tables a person can trust."""
