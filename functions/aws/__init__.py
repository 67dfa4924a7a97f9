"""What the functions do with AWS: all of boto3 is here."""
