"""Refuse a commit whose subject is too long for `git log --oneline`: a commit-msg hook.

Usage: check_commit_subject.py FILE, where FILE holds the message.
"""

import sys
from pathlib import Path

LONGEST = 72
# Git removes comments, and everything below this line, which `git commit --verbose` writes.
COMMENT, SCISSORS = "#", "# ------------------------ >8 ------------------------"


def complaint(message: str) -> str | None:
    """What is wrong with the subject of a commit message; None when it is fine."""
    lines = message.split(SCISSORS)[0].splitlines()
    # Git takes the lines up to the first empty one as the subject.
    written = "\n".join(line.rstrip() for line in lines if not line.startswith(COMMENT))
    subject = " ".join(written.strip().split("\n\n")[0].splitlines())
    if len(subject) <= LONGEST:
        return None
    return (
        f"The subject has {len(subject)} characters; {LONGEST} are allowed. "
        "Say the reason in the body, after an empty line."
    )


if __name__ == "__main__":
    sys.exit(complaint(Path(sys.argv[1]).read_text("utf-8")))
