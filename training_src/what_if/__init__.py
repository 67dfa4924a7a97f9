"""What answers rows inside report.html: the model, a form, and what they are made of."""
