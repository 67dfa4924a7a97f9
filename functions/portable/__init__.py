"""A trained model as arrays and JSON, and what predicts with it: numpy and nothing else.

The job writes `light/` beside AutoGluon's files in model.tar.gz and has checked that both give the
same answers; a function, a notebook, or a page can load it in a fraction of a second.
"""
