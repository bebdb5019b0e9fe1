"""What a run does to many sources or models, and keeps in the database. Plain functions, no Dagster."""
