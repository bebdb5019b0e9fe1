"""Tables, migrations and bulk loading of schema `budmodel`. Nothing here knows Dagster or the environment."""
