"""A labelled adversarial corpus, made anew by code: inert hostile files of many formats, and the benign ones beside them.

Nothing in it destroys anything or reaches a host: the payloads echo a word. `python -m tests.corpus DIR` writes it out.
"""
