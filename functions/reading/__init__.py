"""What a table file is and how it is written, from its first bytes, and what one cell means.

Functions look before anything is paid; the job and the model look again with the same code, which
travels with both. So it needs nothing but the standard library and charset-normalizer, and
python-calamine where there are workbooks.
"""
