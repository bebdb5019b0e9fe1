"""Where settings become live objects: database, object store, hub, ClamAV, language model, folders of requests.

Dagster's resources and the commands both come here, so that one setting means one thing. Functions take plain values, as
resources hold them; those named `..._of` take `Settings`. Libraries are imported when the object is wanted.
"""
