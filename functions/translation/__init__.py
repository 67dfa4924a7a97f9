"""The pure core of translation: requests, shields, sentences. No boto3, no environment."""
