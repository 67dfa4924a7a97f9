"""The mark in a Parquet file whose order of rows means nothing: the rows of a query."""

# As the program that has written it.
UNORDERED = "codefree-automl: rows of a query, in no order"
