"""How much memory this machine has left, for whatever would take much of it."""

from pathlib import Path

MEGABYTE = 1024 * 1024
MEMINFO, CGROUP_LIMIT = Path("/proc/meminfo"), Path("/sys/fs/cgroup/memory.max")


def memory_left_mb(meminfo: Path = MEMINFO, cgroup: Path = CGROUP_LIMIT) -> int | None:
    """What can be used, swap included, of the machine or the container; None where unknown."""
    try:
        lines = dict(line.split(":") for line in meminfo.read_text().splitlines())
        free = sum(int(lines[name].split()[0]) for name in ("MemAvailable", "SwapFree")) // 1024
    except (OSError, ValueError, LookupError):
        return None
    try:
        return min(free, int(cgroup.read_text()) // MEGABYTE)
    except (OSError, ValueError):
        return free
