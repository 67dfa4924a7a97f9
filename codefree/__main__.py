"""`python -m codefree` is the console script."""

from codefree.cli import main

main()
