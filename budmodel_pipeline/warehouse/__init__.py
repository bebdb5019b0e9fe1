"""Tables, migrations and what is read and written of schema `budmodel`. Nothing here knows Dagster or the environment.

One idiom: what is read, and what changes in rows that are known by their key, is SQL as text, with bound values. What is
written as rows goes through `rows`: `upsert` inserts or renews by primary key, `replace_rows` makes a set of rows these and
no others, `copy_rows` loads many new ones. Tables are declared in `tables`; migrations lead there, and a test compares them.
"""
