"""A rehearsal of `sam deploy`: what an engineer's stack would be, made and looked at in moto."""
