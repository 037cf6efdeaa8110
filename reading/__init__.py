"""Images to texts; `Recogniser` is the front door."""
from reading.readings import Character, Reading
from reading.recogniser import Recogniser
from reading.settings import ReadingSettings

__all__ = ['Character', 'Reading', 'ReadingSettings', 'Recogniser']
