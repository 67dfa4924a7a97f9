"""What functions and training jobs agree on; every job carries a copy."""
