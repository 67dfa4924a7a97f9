"""Predictions over HTTP: rows in, answers of a dataset's live model out."""
