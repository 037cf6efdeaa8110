"""Texts that stand in no list of words: numbers, prices, times, web addresses, codes, made-up words."""
import bisect
import functools
import itertools
from collections.abc import Callable

import numpy as np

LETTERS = 'abcdefghijklmnopqrstuvwxyz'
CONSONANTS, VOWELS = 'bcdfghjklmnpqrstvwxyz', 'aeiou'
CODAS = ('', '', 'n', 'r', 's', 't', 'l')
SYLLABLES = [onset + vowel + coda for onset in CONSONANTS for vowel in VOWELS for coda in CODAS]
MAX_SYLLABLES = 4
CURRENCIES = ('$', '$', '£', '€', '', '', 'Rs.', 'US$', 'kr')
PRICE_FORMS = ('{sign}{whole}', '{sign}{whole}.{cents:02}', '{sign}{whole}.{cents:02}',
               '{sign}{whole},{cents:02}', '{sign}{thousands}', '{sign}{whole}.99', '{sign}{whole}.00',
               '{sign}{whole}/-', '{whole}.{cents:02}{sign}', '{whole}{sign}', '{cents}c')
TIME_FORMS = ('{hour}:{minute:02}', '{hour}:{minute:02}', '{hour:02}:{minute:02}', '{hour}.{minute:02}',
              '{twelve}am', '{twelve}pm', '{twelve}:{minute:02}am', '{twelve}:{minute:02}PM',
              '{hour}h{minute:02}', '{twelve}-{hour}', '{twelve}am-{hour}pm', '{hour:02}:00-{late}:00',
              '{hour}:{minute:02}:{second:02}')
DATE_FORMS = ('{day}/{month}', '{day:02}/{month:02}/{short:02}', '{day}.{month}.{year}',
              '{day}-{month}-{year}', '{month}/{day}/{year}', '{year}', '{year}', "'{short:02}",
              '{year}-{month:02}-{day:02}', '{year}/{short:02}', '{day}.{month}.', '(c){year}')
PHONE_FORMS = ('ddd-dddd', '(ddd)ddd-dddd', 'ddd-ddd-dddd', 'ddd.ddd.dddd', '1-800-ddd-dddd', '+dd-ddd-dddd',
               'dddd-dddd', '0ddd/ddddd', '0ddddddddd', '+ddddddddddd', 'ddd-ddd', '0dd-ddddddd', 'dddd.dddd',
               '(0dd)', '(ddd)', '1-800-aaaaaaa')
CODE_FORMS = ('aaa-ddd', 'aa-dd-aa', 'addd', 'add', 'ad', 'dda', 'da', 'aadd', 'aadd-aaa', 'ddd-aa', 'aadddd',
              'a-dd', 'a.dd', 'dd-d', 'a/d', 'dd.d', 'add/d', 'ddddd', '#dd', '#d', 'd/d', 'd.d', 'vd.d',
              'No.d', 'No.dd', 'No:ddd', 'Nrd', 'SN:ddddd', 'ddd-dd-dddd', 'dddadddd', 'adadad', 'aaaddddd',
              'dddddddd', 'aa/ddd/dd', '[dd]', '(d)', '(a)', 'd)', 'a)', 'dxd', 'dd*dd', 'd+d', 'dd=dd',
              'dd%', 'd%', '-dd%', 'dd+', '+d', '-d', '<dd', '>dd', '~dd', 'dd_a', 'a_dd', 'a|d', 'dd^d',
              '{a}', '{dd}', 'dd;d', 'd:d', '`a', 'a\\d')
UNITS = ('kg', 'kg', 'g', 'g', 'ml', 'mL', 'km', 'm', 'mm', 'cm', 'l', 'L', 'oz', 'lb', 'lbs', 'mph', 'km/h',
         'am', 'pm', 'th', 'st', 'nd', 'rd', 'x', 'k', 'K', 'hrs', 'min', 'sec', 'mg', 'W', 'kW', 'V', 'Hz',
         'GHz', 'MB', 'GB', 'ft', 'in', '"', "'", 'cc', 'A', 'C', 'F', '%', 's', 'D', 'p', 'px', 'days', 'hp',
         'mph', 'kcal', '/kg', '/day', 'M', 'Mio', 'yrs', 'pcs')
ABBREVIATIONS = ('A/C', 'c/o', 'w/o', 'w/', 'N/A', 'n/a', 'p.m.', 'a.m.', 'P.M.', 'A.M.', 'U.S.A.', 'U.S.',
                 'U.K.', 'P.O.', 'e.g.', 'i.e.', 'etc.', 'Co.', 'Inc.', 'Ltd.', 'St.', 'Rd.', 'Ave.', 'Blvd.',
                 'Dr.', 'Mr.', 'Mrs.', 'Ms.', 'No.', 'Nr.', 'Tel.', 'Tel:', 'Fax:', 'Est.', 'est.', 'Dept.',
                 'vol.', 'pp.', 'Jr.', 'Sr.', 'Ph.D.', 'M.D.', 'B.A.', 'D.C.', 'L.A.', 'N.Y.', 'approx.',
                 'max.', 'min.', 'incl.', 'excl.', 'Tue.', 'Sat.', 'Sun', 'Mon', 'Fri', 'Jan.', 'Feb', 'Oct.',
                 'Dec', 'Mon-Fri', 'Sat-Sun', 'Str.', 'Hr.', 'Fr.', 'S.A.', 'S.p.A.', 'B.V.', 'w.c.',
                 'H.M.S.', 'R.I.P.', 'V.I.P.', 'D.J.', 'T.V.', 'Q.', 'A.', '&', '&', '&', '+', '-', '@', '#',
                 '$', '%', '*', '?', '!', '/', '|')
DOMAINS = ('com', 'com', 'com', 'com', 'org', 'net', 'co.uk', 'de', 'fr', 'it', 'nl', 'eu', 'info', 'edu',
           'gov', 'com.au', 'sg', 'in', 'es', 'se', 'com.sg', 'co', 'tv', 'ca', 'us', 'ch', 'at', 'jp', 'io')
WEB_FORMS = ('www.{word}.{domain}', 'www.{word}.{domain}', 'www.{word}.{domain}', '{word}.{domain}',
             '{word}.{domain}', 'http://{word}.{domain}', 'www.{word}{other}.{domain}',
             'www.{word}-{other}.{domain}', 'www.{word}', '.{domain}', '{word}.{domain}/{other}',
             'https://{word}', '{word}@{other}.{domain}', 'info@{word}.{domain}',
             '{word}{digit}@{other}.{domain}', '@{word}', '#{word}', '@{word}_{other}',
             '{word}.{other}@mail.{domain}', '/{word}', '{word}.html', 'fb.com/{word}', '{word}_{digit}')
JOINED_FORMS = ('{}-{}', '{}-{}', '{}/{}', '{}&{}', '{}+{}', '{}.{}', '{}_{}', '{}:{}', '{}{}', '{}{}',
                '{}{}', "{}'{}", '{}*{}', '{}|{}', '{}=>{}')


def other_text(rng: np.random.Generator, choose_word: Callable[[], str] | None = None) -> str:
    """Return a text that stands in no list of words.

    Args:
        rng: numpy.random.Generator.
        choose_word: a function that gives a word for what is made of words; None for made-up ones.
    """
    choose_word = choose_word or functools.partial(made_up_word, rng)
    makers, cumulated = _makers()
    return makers[bisect.bisect(cumulated[:-1], rng.random() * cumulated[-1])](rng, choose_word)


@functools.cache
def _makers():
    """Return the functions that make other texts, and their weights added up."""
    weights, makers = zip(*OTHER_TEXTS, strict=True)
    return makers, list(itertools.accumulate(weights))


def made_up_word(rng: np.random.Generator) -> str:
    """Return a pronounceable word."""
    count = rng.integers(1, MAX_SYLLABLES, endpoint=True)
    return ''.join(SYLLABLES[index] for index in rng.integers(len(SYLLABLES), size=count))


def single_character(rng: np.random.Generator, characters: list[str]) -> str:
    """Return one character: a letter, large or small, a digit, rarely a mark."""
    wanted = rng.choice(['upper', 'upper', 'lower', 'digit', 'digit', 'any'])
    fitting = [character for character in characters
               if wanted == 'any' or getattr(character, f'is{wanted}')()]
    return _one_of(fitting or characters, rng)


def _one_of(choices, rng):
    return choices[rng.integers(len(choices))]


def _number(rng, _):
    digits = _one_of((1, 2, 2, 3, 3, 4, 4, 5, 6, 7), rng)
    number = int(rng.integers(10 ** (digits - 1) if digits > 1 else 0, 10 ** digits))
    return f'{number:,}' if digits > 3 and rng.random() < 0.25 else str(number)


def _price(rng, _):
    whole = int(rng.integers(10 ** rng.integers(1, 5)))
    return _one_of(PRICE_FORMS, rng).format(
        sign=_one_of(CURRENCIES, rng), whole=whole, cents=int(rng.integers(100)),
        thousands=f'{whole * 100:,}')


def _time(rng, _):
    hour = int(rng.integers(24))
    return _one_of(TIME_FORMS, rng).format(
        hour=hour, twelve=hour % 12 + 1, minute=int(rng.integers(12)) * 5, second=int(rng.integers(60)),
        late=int(rng.integers(12, 24)))


def _date(rng, _):
    year = int(rng.integers(1850, 2035))
    return _one_of(DATE_FORMS, rng).format(
        day=int(rng.integers(1, 32)), month=int(rng.integers(1, 13)), year=year, short=year % 100)


def _phone(rng, _):
    return _filled(_one_of(PHONE_FORMS, rng), rng)


def _code(rng, _):
    code = _filled(_one_of(CODE_FORMS, rng), rng)
    return code.lower() if rng.random() < 0.15 else code


def _filled(form, rng):
    """Return a form with a digit for each d and a capital for each a."""
    fill = {'d': lambda: str(rng.integers(10)), 'a': lambda: LETTERS[rng.integers(26)].upper()}
    return ''.join(fill[character]() if character in fill else character for character in form)


def _random_code(rng, _):
    are_digits = rng.random(rng.integers(2, 9)) < rng.uniform(0.2, 0.8)
    code = _filled(['d' if is_digit else 'a' for is_digit in are_digits], rng)
    return code.lower() if rng.random() < 0.2 else code


def _measure(rng, _):
    number = int(rng.integers(1, 10 ** rng.integers(1, 4)))
    decimals = f'.{rng.integers(10)}' if rng.random() < 0.15 else ''
    measure = f'{number}{decimals}{_one_of(UNITS, rng)}'
    return measure.upper() if rng.random() < 0.2 else measure


def _letters(rng, _):
    letters = ''.join(LETTERS[index] for index in rng.integers(26, size=rng.integers(1, 6)))
    return letters if rng.random() < 0.15 else letters.upper()


def _initials(rng, _):
    return ''.join(f'{LETTERS[index]}.' for index in rng.integers(26, size=rng.integers(1, 4))).upper()


def _abbreviation(rng, _):
    return _one_of(ABBREVIATIONS, rng)


def _address(rng, choose_word):
    word, other = (choose_word().lower() for _ in range(2))
    address = _one_of(WEB_FORMS, rng).format(
        word=word, other=other[:8], domain=_one_of(DOMAINS, rng), digit=int(rng.integers(100)))
    chance = rng.random()
    if chance < 0.15:
        return address.upper()
    return address.replace(word, word.capitalize()) if chance < 0.25 else address


def _joined(rng, choose_word):
    words = [choose_word()[:9] for _ in range(2)]
    chance = rng.random()
    cased = [word.upper() if chance < 0.4 else word.capitalize() if chance < 0.8 else word for word in words]
    return _one_of(JOINED_FORMS, rng).format(*cased)


OTHER_TEXTS = (
    (0.17, _number), (0.13, _price), (0.08, _time), (0.06, _date), (0.06, _phone), (0.1, _measure),
    (0.07, _code), (0.04, _random_code), (0.05, _letters), (0.02, _initials), (0.06, _abbreviation),
    (0.1, _address), (0.06, _joined))
