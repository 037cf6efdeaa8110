"""Reading words with an exported file, in a process of its own, by the runtime that it is for.

python -m reading.export.readback FORM PATH WORDS.npz ANSWERS.npz
"""
import importlib
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

from local_utils import files
from local_utils.errors import InputError
from reading.export.parity import Answers
from reading.export.words import Word


def in_own_process(form: str, path: str, images: list[np.ndarray], words: list[Word]) -> Answers:
    """Return what the file of a form, see `forms.FORMS`, gives for words.

    Args:
        form: the name of a module of this package.
        path: the file or folder.
        images: of each width, uint8 [words, height, width, 3], BGR.
        words: whose files a form may read, too.

    Raises:
        InputError: its runtime cannot read it; says what the runtime says.
    """
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = os.path.join(folder, 'words.npz'), os.path.join(folder, 'answers.npz')
        contents = [word.content for word in words]
        np.savez(asked, files=np.frombuffer(b''.join(contents), np.uint8),
                 sizes=[len(content) for content in contents],
                 **{f'images_{index}': of_width for index, of_width in enumerate(images)})
        ran = subprocess.run([sys.executable, '-m', __name__, form, os.path.abspath(path), asked, answered],
                             cwd=files.repository_path(), stdin=subprocess.DEVNULL, capture_output=True)
        if ran.returncode:
            last = [line for line in ran.stderr.decode(errors='replace').splitlines() if line.strip()][-1:]
            what = ''.join(last) or f'status {ran.returncode}'
            raise InputError(f'{path}: its runtime cannot read it: {what}')
        with np.load(answered) as found:
            logits = [found[f'logits_{index}'] for index in range(len(found.files) - 1)]
            return Answers(logits, json.loads(found['texts'].tobytes()))


def main(form: str, path: str, asked: str, answered: str) -> None:
    """Answer in this process."""
    with np.load(asked) as words:
        images = [words[f'images_{index}'] for index in range(len(words.files) - 2)]
        ends = np.cumsum(words['sizes'])
        content = words['files'].tobytes()
    contents = [content[end - size:end] for end, size in zip(ends, np.diff(ends, prepend=0), strict=True)]
    module = importlib.import_module(f'reading.export.{form}')
    answers = module.read_back(path, images, contents)
    np.savez(answered, texts=np.frombuffer(json.dumps(answers.texts).encode(), np.uint8),
             **{f'logits_{index}': logits for index, logits in enumerate(answers.logits)})


if __name__ == '__main__':
    main(*sys.argv[1:])
