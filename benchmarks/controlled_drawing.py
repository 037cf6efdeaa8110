#!/usr/bin/env python3
"""What weights read of words that are drawn plainly but for one effect, at one strength after the other.

    python benchmarks/controlled_drawing.py --weights_path bundled --fonts FONTS --unseen_fonts MORE_FONTS

Prints one JSON object: for each effect and strength the percentage of words that are read right, letters and
digits only, case ignored, and of those read to the last mark. Of one view; --min_confidence gives more.
"""
import argparse
import json
import pathlib
import sys
from collections.abc import Callable
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np

from crnnmodel import geometry
from data_provider import image_file
from data_provider.drawing import camera, fonts, other_texts, text_image, text_style, word_texts
from data_provider.drawing.text_style import ALWAYS, PLAIN, Effect, Style
from local_utils.char_codec import CharacterCodec
from local_utils.texts import alphanumeric
from reading import Recogniser
from reading.settings import ReadingSettings

COMMON_WORDS = 3000       # of the list, from its beginning
LENGTHS = (3, 10)         # characters of the words
STRENGTHS = {   # of effects that are always on, at one strength
    'arc': (1.2, 1.6, 2.0, 2.4, 2.8), 'rotation': (14, 20, 25, 30, 40), 'perspective': (0.3, 0.4),
    'slant': (0.5, 0.7),
    'spacing': (-0.15, -0.1, 1.2, 1.8), 'large_initial': (2.2,), 'jumble': (0.15,), 'disc': (0.8,),
    'lamps': (7, 9, 12), 'gaps': (0.05, 0.1), 'stitches': (4, 6), 'lines': (3, 4), 'depth': (0.1, 0.15),
    'glow': (1.0,),
    'relief': (40,), 'blend': (0.5,), 'wear': (0.2,), 'covering': (0.4,), 'plate': (0.1,), 'split': (1.0,),
    'height': (8, 10, 12), 'focus_blur': (0.06, 0.09, 0.12), 'cut': (0.1, 0.15, 0.2), 'margin': (0.5, 1.0)}
TURNS = (0.4, 0.7, 1.0)   # of an arc of 0.8 that stands at the side of a ring
TURNED_ARC = 0.8
GERMAN = (
    'Straße', 'Bahnhof', 'Ausgang', 'Eingang', 'Apotheke', 'Bäckerei', 'Metzgerei', 'Rathaus', 'Krankenhaus',
    'Flughafen', 'Feuerwehr', 'Achtung', 'Verboten', 'Getränke', 'Frühstück', 'Geschlossen', 'Öffnungszeiten',
    'Schlüssel', 'Werkstatt', 'Zeitung', 'Kaffee', 'Kuchen', 'Käse', 'Gemüse', 'Müller', 'Jäger', 'Schäfer')


class Case(NamedTuple):
    """A line of the table."""

    name: str
    style: Style
    text_of: Callable      # numpy Generator → text to be drawn
    font_paths: list       # to choose from


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--weights_path', default='bundled', help='as of test_shadownet.py')
    parser.add_argument('--num_words', type=int, default=240, help='drawn for each line of the table')
    parser.add_argument('--fonts', nargs='+',
                        help="folders of fonts (default: OpenCV's own and the system's)")
    parser.add_argument('--unseen_fonts', nargs='+', default=[],
                        help='folders of fonts that the weights were not trained with: a line each')
    parser.add_argument('--only', nargs='+', default=[''],
                        help='parts of the names of the lines that are drawn')
    parser.add_argument('--min_confidence', type=float, default=0.0,
                        help='below which a word is read in more views')
    return parser.parse_args(argv)


def cases(font_paths: list[str], unseen_dirs: list[str], words: list[str]) -> list[Case]:
    """Return the lines of the table, a list of Case.

    Args:
        font_paths: fonts that all but the unseen are drawn in.
        unseen_dirs: folders, each of them for a line.
        words: list of str, common ones.
    """
    def any_word(rng):
        return word_texts.in_some_case(words[rng.integers(len(words))], rng)

    text_fonts = [font for font in font_paths if fonts.kind_of(font) == 'text'] or font_paths
    table = [Case('plain', PLAIN, any_word, text_fonts), Case('rich', text_style.RICH, any_word, font_paths)]
    table += [Case(f'{name} {strength}', always(PLAIN, name, strength), any_word, text_fonts)
              for name, strengths in STRENGTHS.items() for strength in strengths]
    turned = always(PLAIN, 'ring', TURNED_ARC)
    table += [Case(f'arc {TURNED_ARC} turned by {turn}', always(turned, 'ring_turn', turn), any_word,
                   text_fonts) for turn in TURNS]
    for kind in fonts.KINDS:
        of_kind = [font for font in font_paths if fonts.kind_of(font) == kind]
        if of_kind:
            table.append(Case(f'{kind} fonts', PLAIN, any_word, of_kind))
    for folder in unseen_dirs:
        table.append(Case(f'unseen {pathlib.Path(folder).name}', PLAIN,
                          lambda rng: any_word(rng).capitalize(), fonts.find_fonts([folder])))
    table += [Case(name, PLAIN, text_of, text_fonts) for name, text_of in texts(words).items()]
    table.append(Case('rich shuffled letters', text_style.RICH,
                      lambda rng: ''.join(rng.permutation(list(any_word(rng)))), font_paths))
    return table


def texts(words: list[str]) -> dict[str, Callable]:
    """Return the kinds of texts that have lines of their own, a dict of name → function of a generator."""
    def word(rng, shortest=3, longest=10):
        fitting = [word.lower() for word in words if shortest <= len(word) <= longest]
        return fitting[rng.integers(len(fitting))]

    letters = 'abcdefghijklmnopqrstuvwxyz'
    return {
        'web address': lambda rng: f'www.{word(rng, 3, 6)}.com',
        'web address of 15 to 19': lambda rng: f'www.{word(rng, 7, 11)}.com',
        'e-mail address': lambda rng: f'{word(rng, 3, 7)}@{word(rng, 3, 6)}.com',
        'telephone number': lambda rng: '({}){}-{}'.format(*(rng.integers(100, 999), rng.integers(100, 999),
                                                            rng.integers(1000, 9999))),
        'price': lambda rng: f'${rng.integers(1, 100)}.{rng.integers(100):02}',
        'A/C': lambda rng: f'{letters[rng.integers(26)]}/{letters[rng.integers(26)]}'.upper(),
        'possessive': lambda rng: f"{word(rng)}'s".capitalize(),
        'capital': lambda rng: letters[rng.integers(26)].upper(),
        'small letter': lambda rng: letters[rng.integers(26)],
        'digit': lambda rng: str(rng.integers(10)),
        'German': lambda rng: word_texts.in_some_case(GERMAN[rng.integers(len(GERMAN))], rng),
        'made-up': lambda rng: word_texts.in_some_case(other_texts.made_up_word(rng), rng),
        'names': lambda rng: word_texts.names()[rng.integers(len(word_texts.names()))],
    }


def always(style: Style, name: str, strength: float) -> Style:
    """Return a style in which an effect is always there, at one strength."""
    return style._replace(**{name: Effect(ALWAYS, strength, strength)})


def draw(case: Case, codec: CharacterCodec, max_frames: int, seed) -> tuple[np.ndarray, str]:
    """Return (picture, label) of a case, uint8 [height, width, 3] and str."""
    rng = np.random.default_rng(seed)
    chooser = fonts.FontChooser(case.font_paths)
    text = next(text for text in iter(lambda: case.text_of(rng), None)
                if word_texts.is_expressible(text, codec, max_frames) and chooser.can_draw(text)
                and ('disc' not in case.name or 'o' in text.lower()))
    font = chooser.choose(text, rng)
    image = text_image.draw_word(text, fonts.load_font(font), rng, case.style)
    label = text.upper() if fonts.only_case(font) == 'upper' and len(text.upper()) == len(text) else text
    image = image_file.decode_image(camera.encode_jpeg(image, rng, case.style), None)
    return image, word_texts.label_of(label, codec)


def measure(recogniser: Recogniser, case: Case, num_words: int, max_frames: int) -> dict[str, float]:
    """Return the percentages of a line of the table: right by letters and digits, and exactly."""
    codec = recogniser.codec
    drawn = [draw(case, codec, max_frames, [number, len(case.name)]) for number in range(num_words)]
    readings = recogniser.read([image for image, _ in drawn])
    pairs = [(codec.fold(label), reading.text) for (_, label), reading in zip(drawn, readings, strict=True)]
    same = [alphanumeric(label) == alphanumeric(text) for label, text in pairs]
    return {'alphanumeric': round(100 * float(np.mean(same)), 1),
            'exact': round(100 * float(np.mean([label == text for label, text in pairs])), 1)}


def main(argv=None):
    """Measure and print."""
    args = parse_args(argv)
    settings = ReadingSettings(min_confidence=args.min_confidence)
    recogniser = Recogniser.open(args.weights_path, settings=settings)
    words = [word for word in word_texts.read_words(ROOT / 'data' / 'words.txt')[:COMMON_WORDS]
             if LENGTHS[0] <= len(word) <= LENGTHS[1]]
    table = cases(fonts.find_fonts(args.fonts), args.unseen_fonts, words)
    max_frames = geometry.time_steps(recogniser.input_size)
    figures = {case.name: measure(recogniser, case, args.num_words, max_frames)
               for case in table if any(part in case.name for part in args.only)}
    print(json.dumps({'weights': recogniser.prefix, 'words': args.num_words, 'percent': figures}, indent=2))


if __name__ == '__main__':
    main()
