"""What the job and the finished model share: it travels in the model's code/ folder."""
