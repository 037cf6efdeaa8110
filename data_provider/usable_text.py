"""From the text of an annotation to one that an alphabet can write, or to the reason why it cannot."""
from data_provider.rejected_sample import RejectedSample
from data_provider.settings import TextRules
from local_utils import char_codec, texts, visible
from local_utils.char_codec import CharacterCodec
from local_utils.errors import UnknownCharacter

OUTSIDE_ALPHABET, IGNORED, INVISIBLE = 'outside the alphabet', 'text to ignore', 'invisible character'
_ENDS = {   # of what is never put together, not even where invisible characters are dropped
    'several lines': frozenset('\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029'), 'several columns': frozenset('\t')}
DROPPED = 'characters dropped from the text'   # the kind of a remark


def is_plain(text: str, rules: TextRules) -> bool:
    """Whether a text needs no rule: most do not, and are spared the asking."""
    return text.isascii() and text.isprintable() and not rules.drop_foreign


def check_not_ignored(text: str, rules: TextRules) -> None:
    """Raise RejectedSample where a text is to be ignored."""
    if text in rules.ignored:
        raise RejectedSample(IGNORED, repr(text))


def visible_text(text: str, rules: TextRules) -> tuple[str, list]:
    """Return a text without what nobody sees, and remarks on it as (kind, detail).

    Args:
        text: in form NFC.
        rules: what may be dropped.

    Raises:
        RejectedSample: the text has characters that leave no ink, or no others, or it has several lines.
    """
    invisible = texts.invisible(text)
    if not invisible:
        return text, []
    if several := next((name for name, ends in _ENDS.items() if not ends.isdisjoint(invisible)), None):
        raise RejectedSample(several, f'{texts.named(invisible)} in "{visible.escaped(text)}"')
    if not rules.drop_invisible:
        raise RejectedSample(INVISIBLE, f'{texts.named(invisible)} in "{visible.escaped(text)}" '
                                        '(--drop_invisible drops it)')
    kept = texts.without_invisible(text).strip()
    if not kept:
        raise RejectedSample('no text', f'nothing but {texts.named(invisible)}')
    return kept, [(DROPPED, texts.named(invisible))]


def known_text(text: str, rules: TextRules, codec: CharacterCodec) -> tuple[str, list]:
    """Return a text without the marks that an alphabet lacks, if they may be dropped, and remarks on it.

    Raises:
        RejectedSample: nothing is left of it.
    """
    if not rules.drop_foreign:
        return text, []
    kept, dropped = texts.without_foreign_marks(text, codec.knows)
    if not dropped:
        return text, []
    if not kept:
        raise RejectedSample('no text', f'nothing but {texts.named(dropped)}, which the alphabet lacks')
    return kept, [(DROPPED, texts.named(dropped))]


def changed_text(text: str, rules: TextRules, codec: CharacterCodec | None) -> str:
    """Return a text without what the rules allow to drop; itself where that leaves nothing.

    Args:
        text: in form NFC.
        rules: what may be dropped.
        codec: of the alphabet whose lack of a mark lets it drop; None for none.
    """
    try:
        text, _ = visible_text(text, rules)
        return known_text(text, rules, codec)[0] if codec else text
    except RejectedSample:
        return text


def encode_text(codec: CharacterCodec, text: str, max_frames: int) -> list[int]:
    """Return the label of a text, in the order of the picture, that CTC can express in `max_frames` frames.

    Raises:
        RejectedSample: a character is outside the alphabet, or the text needs more frames.
        Unavailable: the text is written from right to left, and the library for it is missing.
    """
    try:
        label = codec.encode(text if text.isascii() else texts.in_picture_order(text))
    except UnknownCharacter as error:
        raise RejectedSample(OUTSIDE_ALPHABET, str(error)) from error
    needed = char_codec.required_frames(label)
    if needed > max_frames:
        raise RejectedSample(
            'text too long', f'CTC needs {needed} frames for it, the image gives {max_frames}')
    return label
