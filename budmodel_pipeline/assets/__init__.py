"""Dagster assets and their checks: thin glue over plain functions, a file for each matter that a person clicks on."""
