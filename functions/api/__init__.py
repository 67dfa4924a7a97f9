"""What the functions behind the HTTP API have in common."""
