"""Tests that the pages for people are narrow, that their links lead somewhere, that their commands exist."""
import importlib
import pathlib
import re

import pytest

from global_configuration.config import cfg, knobs

ROOT = pathlib.Path(__file__).parent.parent
PAGES = [ROOT / 'README.md', ROOT / 'SECURITY.md', *sorted(ROOT.glob('docs/*.md')),
         *sorted(ROOT.glob('benchmarks/*.md')), ROOT / 'data/weights/README.md',
         ROOT / 'data/weights/HISTORY.md']
MAX_COLUMNS = 100
MAX_LINES = {'README.md': 150, 'benchmarks/README.md': 90, 'data/weights/README.md': 70}
LINK = re.compile(r'\]\(([^)#]+)[^)]*\)')
CODE_BLOCK = re.compile(r'^```(?:\w*)\n(.*?)^```', re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r'python (?:/data/code/)?((?:tools|benchmarks)/\w+)\.py(.*)')
KNOB = re.compile(r'\b(?:ARCH|DATA|TRAIN|TEST)\.[A-Z][A-Z_]*[A-Z]\b')


def name_of(page):
    return str(page.relative_to(ROOT))


def commands_of(page):
    """Yield (script without its ending, its flags as a list) of each command in a page's blocks of code."""
    for block in CODE_BLOCK.findall(page.read_text(encoding='utf-8')):
        for script, arguments in COMMAND.findall(block.replace('\\\n', ' ')):
            of_script, *_ = re.split(r' -- | > |\s#', arguments)
            yield script, re.findall(r'--\w+', of_script)


@pytest.mark.parametrize('page', PAGES, ids=name_of)
def test_a_page_is_narrow_and_as_short_as_it_has_to_be(page):
    lines = page.read_text(encoding='utf-8').splitlines()
    assert [line for line in lines if len(line) > MAX_COLUMNS] == []
    assert len(lines) <= MAX_LINES.get(name_of(page), 1000)


@pytest.mark.parametrize('page', PAGES, ids=name_of)
def test_the_links_of_a_page_lead_somewhere(page):
    targets = [target for target in LINK.findall(page.read_text(encoding='utf-8')) if '://' not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize('page', PAGES, ids=name_of)
def test_the_commands_of_a_page_are_those_of_scripts_that_know_the_flags(page, capsys):
    for script, flags in commands_of(page):
        assert (ROOT / f'{script}.py').is_file()
        if not script.startswith('tools/'):
            continue
        with pytest.raises(SystemExit):
            importlib.import_module(script.replace('/', '.')).parse_args(['--help'])
        known = set(re.findall(r'--\w+', capsys.readouterr().out))
        assert set(flags) <= known, script


@pytest.mark.parametrize('page', [page for page in PAGES if page.name != 'HISTORY.md'], ids=name_of)
def test_the_knobs_that_a_page_names_exist(page):
    named = set(KNOB.findall(page.read_text(encoding='utf-8')))
    assert named - set(knobs(cfg)) == set()
