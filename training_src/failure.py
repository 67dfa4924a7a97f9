"""What ends a training job in words instead of a traceback."""


class TrainingError(Exception):
    """Raised when the job cannot go on; the text is one sentence for the uploader."""
