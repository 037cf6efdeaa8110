#!/usr/bin/env python3
"""The memory of a reader: of test_shadownet.py on a folder of mixed images, and after many reads.

    python benchmarks/reader_memory.py --num_images 10000 --num_reads 100000 --min_confidence 0

The images are small and large, of several formats, some with transparency, some damaged. Prints one JSON
object: the peak of the script's memory up to the first 1,000 images and up to the last; the memory in use
after 1,000, 10,000 and all reads through `Recogniser.read_all`; and the growth of each from 1,000 on, which
is to stay below 5 %.
"""
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import cv2
import numpy as np
import paired

from reading import ReadingSettings, Recogniser

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIRST = 1000           # images, or reads, after which memory is to stay as it is
DIFFERENT_IMAGES = 400
LARGE, MIDDLING = (3000, 2000), (900, 300)
BROKEN = b'\xff\xd8\xff\xe0 no image'


def parse_args():
    """Return the parsed command line."""
    parser = paired.argument_parser(__doc__)
    parser.add_argument('--num_images', type=int, default=10000, metavar='N', help='files in the folder')
    parser.add_argument('--num_reads', type=int, default=100000, metavar='N', help='reads in one process')
    parser.add_argument('--weights_path', default='bundled', metavar='PATH', help='a checkpoint')
    parser.add_argument('--min_confidence', type=float, default=ReadingSettings().min_confidence, metavar='P',
                        help='below which the reads take further views, ten times as long: most of these '
                             'words can hardly be read (default: %(default)s)')
    return parser.parse_args()


def encoded_image(number):
    """Return the bytes of the file of a number: every hundredth is large, every fiftieth damaged."""
    rng = np.random.default_rng(number)
    if number % 50 == 7:
        return BROKEN
    size = tuple(map(int, rng.integers(20, 200, 2)))
    size = LARGE if number % 100 == 3 else MIDDLING if number % 10 == 5 else size
    image = np.full((size[1], size[0], 3), rng.integers(128, 256), np.uint8)
    word = ''.join(rng.choice(list('abcdefghijklmnopqrstuvwxyz'), rng.integers(1, 9)))
    place = size[0] // 10, size[1] * 3 // 4
    cv2.putText(image, word, place, cv2.FONT_HERSHEY_SIMPLEX, size[0] / 150, (0, 0, 0), 2)
    if number % 7 == 0:
        opaque = np.full(image.shape[:2], 65535, np.uint16)
        return cv2.imencode('.png', np.dstack([image.astype(np.uint16) * 257, opaque]))[1].tobytes()
    if number % 3 == 0:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return cv2.imencode(('.jpg', '.png', '.webp', '.bmp', '.tiff')[number % 5], image)[1].tobytes()


def make_folder(folder, count):
    """Fill a folder with files, whose endings say nothing of their formats."""
    for number in range(count):
        path = os.path.join(folder, f'{number:06d}.jpg')
        if number < DIFFERENT_IMAGES:
            with open(path, 'wb') as file:
                file.write(encoded_image(number))
        else:
            os.link(os.path.join(folder, f'{number % DIFFERENT_IMAGES:06d}.jpg'), path)


def memory_of(pid, field):
    """Return the bytes of a field of a process's status (Linux): VmRSS in use, VmHWM at most so far."""
    for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith(field + ':'):
            return 1024 * int(line.split()[1])
    raise SystemExit(f'/proc/{pid}/status has no {field}')


def peaks_of_script(folder, weights_path):
    """Return (the script's peak memory when FIRST images had been read, at its end, how many lines came)."""
    command = [sys.executable, str(ROOT / 'tools' / 'test_shadownet.py'), '--image_path', folder,
               '--weights_path', weights_path]
    early, count = None, 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        for count, _ in enumerate(process.stdout, start=1):
            peak = memory_of(process.pid, 'VmHWM')
            early = peak if count == FIRST else early
    return early, peak, count


def memory_after_reads(recogniser, count):
    """Return the memory in use after FIRST reads, ten times as many, and the last, dict of number → bytes."""
    contents = [content for content in map(encoded_image, range(DIFFERENT_IMAGES)) if len(content) < 100_000]
    in_use = {}
    readings = recogniser.read_all(itertools.islice(itertools.cycle(contents), count))
    for number, _ in enumerate(readings, start=1):
        if number in (FIRST, 10 * FIRST, count):
            in_use[number] = memory_of('self', 'VmRSS')
    return in_use


def growth(values):
    """Return by how much the last of some figures is larger than the first."""
    return round(values[-1] / values[0] - 1, 4)


def main():
    """Measure and print."""
    args = parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_folder(folder, args.num_images)
        early, peak, lines = peaks_of_script(folder, args.weights_path)
    settings = ReadingSettings(min_confidence=args.min_confidence)
    in_use = memory_after_reads(Recogniser.open(args.weights_path, settings=settings), args.num_reads)
    print(json.dumps({
        'machine': paired.machine(), **vars(args), 'lines_of_script': lines,
        'peak_of_script': {FIRST: early, lines: peak}, 'growth_of_peak': growth([early, peak]),
        'in_use_after_reads': in_use, 'growth_of_use': growth(list(in_use.values()))}, indent=2))


if __name__ == '__main__':
    main()
