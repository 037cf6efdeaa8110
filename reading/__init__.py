"""Images to texts; `Recogniser` is the front door."""
from reading.expected import Expected
from reading.readings import Alternative, Character, Reading
from reading.recogniser import Recogniser, WithLexicon
from reading.settings import ReadingSettings

__all__ = ['Alternative', 'Character', 'Expected', 'Reading', 'ReadingSettings', 'Recogniser', 'WithLexicon']
