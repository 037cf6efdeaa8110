#!/usr/bin/env python3
"""Show what evaluate_shadownet.py printed for several networks side by side.

    python tools/compare_evaluations.py before.json after.json

Prints a line for each figure of each protocol, a column for each file.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from local_utils import startup

startup.begin(__name__)

from local_utils import command_line, files, visible
from local_utils.errors import InputError

FIGURES = {
    'samples': ('samples', '{:,}'),
    'word_accuracy': ('words read without a mistake', '{:.2%}'),
    'one_minus_ned': ('1 - normalised edit distance', '{:.4f}'),
    'character_error_rate': ('character error rate', '{:.4f}'),
}
LARGEST_FIGURE = 1e15
NO_FIGURE = '-'   # of a protocol that no sample counts in, or that a file lacks


def parse_args(argv: list[str] | None = None):
    """Return the parsed command line."""
    parser = command_line.ToolParser(description=__doc__)
    parser.add_argument('paths', nargs='+', metavar='FILE', help='what evaluate_shadownet.py printed')
    return parser.parse_args(argv)


def read_evaluation(path: str) -> dict[str, dict]:
    """Return the figures of an evaluation by protocol.

    Raises:
        InputError: the file is no JSON object, or none that evaluate_shadownet.py has printed.
    """
    protocols = {name: value for name, value in files.read_json_object(path).items()
                 if isinstance(value, dict) and value.keys() >= FIGURES.keys()}
    if not protocols:
        raise InputError(f'{path}: expected what evaluate_shadownet.py prints, found no such figures')
    for name, protocol in protocols.items():
        for key in FIGURES:
            if not _is_figure(protocol[key]):
                raise InputError(f'{path}: {key} of {name!r:.40} is {protocol[key]!r:.40}, expected a number')
    return protocols


def _is_figure(value):
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or is_number and abs(value) < LARGEST_FIGURE


def comparison_rows(evaluations: list[dict[str, dict]]) -> list[list[str]]:
    """Return the rows of the comparison, each a name and one figure an evaluation."""
    rows = []
    for protocol in dict.fromkeys(name for evaluation in evaluations for name in evaluation):
        for key, (meaning, form) in FIGURES.items():
            values = [evaluation.get(protocol, {}).get(key) for evaluation in evaluations]
            rows.append([f'{visible.escaped(protocol)}: {meaning}',
                         *(NO_FIGURE if value is None else form.format(value) for value in values)])
    return rows


def aligned(rows: list[list[str]]) -> list[str]:
    """Return the rows as lines, the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ['  '.join([row[0].ljust(widths[0]),
                       *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))])
            for row in rows]


def main(argv: list[str] | None = None) -> None:
    """Run the script."""
    args = parse_args(argv)
    output = command_line.standard_output()
    rows = comparison_rows([read_evaluation(path) for path in args.paths])
    names = [visible.escaped(os.path.basename(path)) for path in args.paths]
    for line in aligned([['', *names], *rows]):
        command_line.print_result(line, output)


if __name__ == '__main__':
    sys.exit(command_line.run_tool(main))
