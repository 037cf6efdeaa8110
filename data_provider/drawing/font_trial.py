"""Fonts drawn with for a trial, in a process of its own that a damaged one may end.

    echo '["/usr/share/fonts/a.ttf", "abc"]' | python data_provider/drawing/font_trial.py

Answers each path and characters on standard input, a line of JSON, with a line of JSON: what is wrong with
the font, or ''.
Ends as the process does that draws with a font, where that one ends by itself.
Here are no imports of the project's, so that the process starts soon.
"""
import contextlib
import json
import os
import signal
import sys

import cv2
import numpy as np

WORD_LETTERS = 16
# (size, weight, how many characters): what OpenCV reads beside a letter's data, and whether that ends a
# process, is another thing at each of them.
TRIALS = ((14, 250, None), (24, 0, None), (60, 900, None), (105, 400, 96))
TRIALS_OF_VARIABLE = tuple((20, weight, None) for weight in range(250, 901, 25))   # each changes the letters
LARGEST_BYTES = 2 << 30   # of memory that a font may make the process take
LARGEST_SECONDS = 60      # of the processor, for a font whose trial nobody waits for any more
kept_faces = []


def what_is_wrong(path: str, characters: str) -> str:
    """Draw characters with a font, alone and in words; return what OpenCV says is wrong, or ''."""
    try:
        face = cv2.FontFace(path)
        # OpenCV knows the letters that it drew by their font's address: a font in the place of one that is
        # gone would be drawn with the letters of that one.
        kept_faces.append(face)
        if not face.getName():
            return 'OpenCV cannot use it'
        is_variable, _ = face.getInstance()
        words = [characters[start:start + WORD_LETTERS] for start in range(0, len(characters), WORD_LETTERS)]
        for size, weight, count in TRIALS + (TRIALS_OF_VARIABLE if is_variable else ()):
            canvas = np.zeros((3 * size, 4 * size), np.uint8)
            for text in [*characters[:count], *words[:count and count // WORD_LETTERS]]:
                cv2.putText(canvas, text, (size, 2 * size), 255, face, size, weight)
    except (cv2.error, ArithmeticError, MemoryError, SystemError, TypeError, ValueError) as error:
        return f'OpenCV refuses it: {" ".join(str(getattr(error, "err", error)).split())}'
    return ''


def limit_process() -> None:
    """Bound the memory of this process, and leave no picture of it where it crashes."""
    try:
        import resource
    except ImportError:   # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (LARGEST_BYTES, LARGEST_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (LARGEST_SECONDS, LARGEST_SECONDS))


def answer(path: str, characters: str) -> None:
    """Print what is wrong with a font, tried in a process of its own where the system can copy this one.

    Then no font meets what another one left in memory.
    """
    if not hasattr(os, 'fork'):   # Windows
        print(json.dumps(what_is_wrong(path, characters)), flush=True)
        return
    child = os.fork()
    if child == 0:
        try:
            os.close(sys.stdin.fileno())   # whose other end learns that way that the first process ended
            print(json.dumps(what_is_wrong(path, characters)), flush=True)
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status < 0:
        with contextlib.suppress(OSError):   # SIGKILL cannot be set, nor has it to be
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    if status:
        sys.exit(status)


def main() -> None:
    """Answer until standard input ends."""
    limit_process()
    cv2.setNumThreads(0)
    for line in sys.stdin:
        answer(*json.loads(line))


if __name__ == '__main__':
    main()
