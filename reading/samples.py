"""Where images to read come from: folders, annotated folders, records."""
import functools
import os
from collections.abc import Iterator

from data_provider import annotation, usable_text
from data_provider.image_folder import ImageFolder
from data_provider.image_listing import find_images as find_images
from data_provider.rejected_sample import RejectedSample
from data_provider.settings import TextRules
from local_utils import record_files, tensorflow_import
from local_utils.errors import MissingInput
from reading.evaluation import Sample
from reading.recogniser import Recogniser, WithLexicon, check_alphabet

AS_IT_IS = TextRules()


class AnnotatedImages:
    """The samples of a folder of images with an annotation file."""

    def __init__(self, image_dir: str, annotation_path: str, *, follow_links: bool = False,
                 annotation_format: str | None = None, text_rules: TextRules = AS_IT_IS):
        """Open the folder.

        Args:
            image_dir: the folder.
            annotation_path: what is written in its images.
            follow_links: whether symbolic links may lead out of the folder.
            annotation_format: one of annotation_form.FORMATS; None to tell it.
            text_rules: what becomes of texts; those to ignore are left out, and counted in `ignored`.

        Raises:
            InputError: the folder or the annotation file is missing, or of no known form.
        """
        if not os.path.isdir(image_dir):
            raise MissingInput(f'{image_dir}: no such folder of images')
        self.source = annotation_path
        self._annotation = annotation.open_annotation(annotation_path, image_dir, annotation_format)
        self._images = ImageFolder(image_dir, follow_links=follow_links)
        self._text_rules, self._codec = text_rules, None
        self.ignored = 0
        self.count = self._annotation.count()

    def check_for(self, recogniser: Recogniser) -> None:
        """Take the alphabet, by which texts are changed; any network can read images."""
        self._codec = recogniser.codec

    def __iter__(self) -> Iterator[Sample]:
        """Yield a Sample for each line; one that is no annotation has an image that cannot be read.

        A third column, behind a tab, has the words of a lexicon for the image, by commas.
        """
        for line in self._annotation.lines():
            name = f'{self.source}, line {line.number}'
            try:
                path, text = annotation.parse_line(line.content, self._annotation.form)
            except RejectedSample as error:
                yield Sample(functools.partial(_reject, error), '', name)
            else:
                image = functools.partial(_image_of, self._images, path)
                text, _, words = text.partition('\t')
                lexicon = words.split(',') if words.strip() else None
                annotated = text.strip()
                if annotated in self._text_rules.ignored:
                    self.ignored += 1
                    continue
                text = usable_text.changed_text(annotated, self._text_rules, self._codec)
                yield Sample(image if lexicon is None else WithLexicon(image, lexicon), text, name, path,
                             annotated)


def _image_of(images, path):
    return images.load(path).image


def _reject(error):
    raise error


class Records:
    """The samples of a split of a folder of records."""

    def __init__(self, dataset_dir: str, split: str, default_alphabet_dir: str | None = None):
        """Count the records; raises InputError where they are missing or cut off."""
        self._dataset_dir, self._split, self._default_alphabet_dir = dataset_dir, split, default_alphabet_dir
        self._provider = None
        self.ignored = 0
        self.source = f'{split} records of {dataset_dir}'
        self.count = sum(record_files.count_records(record_files.find_record_files(dataset_dir, split)))

    def check_for(self, recogniser: Recogniser) -> None:
        """Open the records; raises InputError where they are of another alphabet or size than
        the network's.
        """
        tensorflow_import.import_tensorflow()
        from data_provider import data_provider  # noqa: I001

        self._provider = data_provider.TextDataProvider(
            self._dataset_dir, recogniser.input_size, self._default_alphabet_dir)
        check_alphabet(recogniser.codec, self._provider.codec, recogniser.prefix, self._dataset_dir)
        self._provider.num_samples(self._split)   # which complains where there are none

    def __iter__(self) -> Iterator[Sample]:
        """Yield a Sample for each record; `check_for` comes first."""
        for feature in self._provider.samples(self._split):
            text = self._provider.codec.text_of(feature.label)
            yield Sample(feature.image, text, feature.imagename, feature.imagename)
