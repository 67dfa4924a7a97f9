"""What the two halves share: files, budget, costs, the request of a job, and what became of it."""
