"""Clients of what runs beside the pipeline: object store, embedded Postgres, ClamAV, language model."""
