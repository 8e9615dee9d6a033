"""A process that can say where its processor time goes.

Where PROFILE_FOLDER names a folder, the signal `BEGIN` has a process note its own stack every few
milliseconds of its processor time, and `END` has it write what it noted to `<process>.folded`: a
stack a line, outermost frame first, and how often; what flame graphs are drawn from. Not asked, it
costs nothing. What runs in C is noted as the Python function that called it.
"""

import signal
from collections import Counter
from pathlib import Path
from types import FrameType

BEGIN, END = signal.SIGUSR1, signal.SIGUSR2
EVERY_SECONDS = 0.004


def install(process: str, folder: str | None) -> None:
    """Listen for the two signals, or, without a folder, ignore them."""
    if not folder:
        signal.signal(BEGIN, signal.SIG_IGN)
        signal.signal(END, signal.SIG_IGN)
        return
    written = Path(folder) / f"{process}.folded"
    seen: Counter[str] = Counter()

    def begin(_number: int, _frame: FrameType | None) -> None:
        seen.clear()
        signal.setitimer(signal.ITIMER_PROF, EVERY_SECONDS, EVERY_SECONDS)

    def sample(_number: int, frame: FrameType | None) -> None:
        seen[_folded(frame)] += 1

    def end(_number: int, _frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        unfinished = written.with_suffix(".new")
        unfinished.write_text("".join(f"{stack} {count}\n" for stack, count in seen.items()))
        unfinished.rename(written)

    for number, handler in ((BEGIN, begin), (signal.SIGPROF, sample), (END, end)):
        signal.signal(number, handler)
        # A library's system call goes on where it was interrupted.
        signal.siginterrupt(number, False)


def _folded(frame: FrameType | None) -> str:
    names = []
    while frame is not None:
        names.append(f"{frame.f_globals.get('__name__')}:{frame.f_code.co_qualname}")
        frame = frame.f_back
    return ";".join(reversed(names))
