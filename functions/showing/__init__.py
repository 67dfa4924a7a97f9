"""The page for people: where datasets stand, their files and costs, and where to upload."""
