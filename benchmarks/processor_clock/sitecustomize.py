"""Count a process's own seconds on the processor wherever it looks at a clock.

With one thread, minutes last as long as on an idle machine, whatever else a busy one does. Python
imports this before a program when this folder is on the path.
"""

import time

WHEN, SINCE = time.time(), time.monotonic()


def _since_start() -> float:
    return SINCE + time.process_time()


time.time = lambda: WHEN + time.process_time()
time.monotonic = time.perf_counter = _since_start
