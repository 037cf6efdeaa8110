#!/usr/bin/env python3
"""Read images of words over HTTP, and serve a page that reads.

    python tools/serve_shadownet.py --weights_path runs/first --port 8080
    curl -X POST http://localhost:8080/service -T word.jpg

The answer is JSON with the text, its confidence and its characters. GET / is a page for people; GET /docs
tells the other calls: several images at once, /health, /metrics. Only this machine is answered unless --host
says another address; there is no password, so let a proxy stand between it and the internet. SIGTERM and
Ctrl-C end it when what is under way has been answered. The log on standard error has a line of JSON for each
request that was refused.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import startup

startup.begin(__name__)

from local_utils import command_line
from local_utils.errors import Unavailable
from tools import settings

REQUIREMENTS = 'requirements-serve.txt'
MAX_PORT = 65535


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('--host', default='127.0.0.1', metavar='ADDRESS',
                        help='the address that is answered; 0.0.0.0 for all of this machine')
    parser.add_argument('--port', type=command_line.whole_number, default=8080, metavar='N',
                        help='0 for any that is free')
    settings.add_reading_flags(parser)
    settings.add_set_flag(parser, 'TEST')
    args = parser.parse_args(argv)
    if args.port > MAX_PORT:
        parser.error(f'argument --port: expected a number up to {MAX_PORT}, got {args.port}')
    return args


def main(argv=None):
    """Run the script."""
    args = parse_args(argv)
    reading_settings = settings.reading(settings.configured(args))
    try:
        from reading.service import server
        from reading.service.settings import ServiceSettings
    except ModuleNotFoundError as error:
        raise Unavailable(
            f'{error.name} is not installed; expected what pip install -r {REQUIREMENTS} installs') from error
    server.serve(lambda: settings.open_recogniser(args, reading_settings, None), args.host, args.port,
                 ServiceSettings())


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
