"""The files of the page, which are read once and served from memory: no path of a request is ever opened."""
import pathlib
from typing import NamedTuple

PAGE_DIR = pathlib.Path(__file__).parents[1] / 'page'
CONFIGURATION = b'{"engine": "service"}\n'


class StaticFile(NamedTuple):
    """What is sent for a path."""

    path: str
    media_type: str
    content: bytes


FILES = {   # path: (file, media type)
    '/': ('index.html', 'text/html'), '/docs': ('docs.html', 'text/html'),
    '/docs.js': ('docs.js', 'text/javascript'), '/page.css': ('page.css', 'text/css'),
    '/page.js': ('page.js', 'text/javascript'), '/icon.svg': ('icon.svg', 'image/svg+xml'),
}


def load() -> list[StaticFile]:
    """Return all of them."""
    files = [StaticFile(path, media_type, (PAGE_DIR / name).read_bytes())
             for path, (name, media_type) in FILES.items()]
    return [*files, StaticFile('/page.json', 'application/json', CONFIGURATION)]
