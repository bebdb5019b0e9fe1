"""Dagster assets and their checks: thin glue over plain functions."""
