"""The flags that say how annotation files and their texts are taken, declared once for all scripts."""
import argparse

from data_provider import annotation_form
from data_provider.settings import TextRules

FLAGS = {
    '--annotation_format': {
        'choices': annotation_form.FORMATS,
        'help': 'the form of the annotation files (default: told from their first lines)'},
    '--ignore_text': {
        'nargs': '+', 'action': 'extend', 'default': [], 'metavar': 'TEXT',
        'help': "leave out the samples with these texts, such as '###'"},
    '--follow_links': {
        'action': 'store_true',
        'help': 'read images also where a symbolic link leads out of the folder of the data set'},
    '--drop_invisible': {
        'action': 'store_true',
        'help': 'drop control characters and odd blanks from texts, which cannot be learned nor read'},
    '--drop_foreign': {
        'action': 'store_true',
        'help': 'drop accents, punctuation, symbols and blanks that the alphabet lacks from texts'},
}


def add_annotation_flags(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add flags of FLAGS to a parser: those of some names, or all."""
    for name in names or FLAGS:
        parser.add_argument(name, **FLAGS[name])


def given(args: argparse.Namespace) -> list[str]:
    """Return the names of those of FLAGS that the command line has."""
    return [name for name in FLAGS if getattr(args, name.removeprefix('--'))]


def text_rules(args: argparse.Namespace) -> TextRules:
    """Return what the flags say of the texts."""
    return TextRules(args.drop_invisible, args.drop_foreign, tuple(args.ignore_text))
