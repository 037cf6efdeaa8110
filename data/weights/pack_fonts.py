#!/usr/bin/env python3
"""Cut fonts down to the letters, digits and marks that are drawn, and pack them for a machine that has none.

    python data/weights/pack_fonts.py FONTS fonts.tar.xz

The folders below FONTS stay, for they tell families and kinds. A font that cannot be cut is left out, with a
line that says so. Needs fontTools, which comes with matplotlib.
"""
import argparse
import pathlib
import sys
import tarfile
import tempfile

from fontTools import subset
from fontTools.ttLib import TTLibError

CHARACTERS = ''.join(map(chr, [*range(0x20, 0x7f), *range(0xa1, 0x180)])) + '€'
ENDINGS = ('.ttf', '.otf', '.ttc')
BROKEN = (TTLibError, subset.Subsetter.SubsettingError, AssertionError, AttributeError, KeyError,
          IndexError, ValueError)   # what fontTools raises for fonts that are not as it expects
NAME_IDS = [0, 1, 2, 4, 6, 13, 14]   # the copyright, the licence, and what the font is called


def cut(source: pathlib.Path, target: pathlib.Path) -> None:
    """Write a font with the shapes of CHARACTERS only, without what only joined letters and
    small sizes need.
    """
    options = subset.Options(hinting=False, layout_features=[], name_IDs=NAME_IDS, notdef_outline=True,
                             recommended_glyphs=True)
    options.drop_tables += ['FFTM']   # a date, of which fontTools would say that it knows nothing
    font = subset.load_font(str(source), options, dontLoadGlyphNames=True)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=CHARACTERS)
    subsetter.subset(font)
    subset.save_font(font, str(target), options)


def main(argv=None):
    """Cut and pack."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('fonts', type=pathlib.Path, help='the folder of the fonts')
    parser.add_argument('archive', type=pathlib.Path, help='the .tar.xz to write')
    args = parser.parse_args(argv)
    paths = sorted(path for path in args.fonts.rglob('*') if path.suffix.lower() in ENDINGS)
    if not paths:
        parser.error(f'{args.fonts}: no font; expected files that end in {", ".join(ENDINGS)}')
    with tempfile.TemporaryDirectory() as folder, tarfile.open(args.archive, 'w:xz') as archive:
        for path in paths:
            target = pathlib.Path(folder) / 'font'
            try:
                cut(path, target)
            except BROKEN as error:
                print(f'{path}: left out: {error!r}', file=sys.stderr)
                continue
            archive.add(target, str(path.relative_to(args.fonts)))
    print(f'{args.archive}: {args.archive.stat().st_size / 1e6:.1f} MB')


if __name__ == '__main__':
    main()
