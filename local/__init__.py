"""The project's cloud on a laptop: its template.yaml, played by moto and a few processes."""
