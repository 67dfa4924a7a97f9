"""What an upload means and what to do about it: values in, values out, no AWS."""
