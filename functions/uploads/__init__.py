"""An upload, its owner and the answer to it: the one place that knows both halves."""
