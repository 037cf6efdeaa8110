"""The files that a conversion writes: records, alphabet, manifest, and the list of the rejects."""
import collections
import contextlib
import os
from collections.abc import Iterable

from data_provider.conversion import Converted, LineNote
from data_provider.settings import ConversionSettings
from data_provider.usable_text import OUTSIDE_ALPHABET
from local_utils import (
    char_codec,
    establish_char_dict,
    files,
    log_utils,
    manifest,
    opening,
    record_files,
    stop_signals,
    visible,
)
from local_utils.char_codec import CharacterCodec
from local_utils.errors import InputError

REJECTS_NAME, REMARKS_NAME = 'rejects.tsv', 'remarks.tsv'
COLUMNS = ('file', 'line', 'path', 'text', 'reason')   # of both
MAX_REASONS = 3   # that are shown where nothing is usable


class ConversionOutput:
    """The files of a conversion, which take their names together when the block ends well.

    The manifest loses its name first and gets it last: `manifest.json.incomplete` without `manifest.json` is
    the mark of a conversion that was cut short in between, see local_utils.manifest.
    """

    def __init__(self, settings: ConversionSettings, codec: CharacterCodec,
                 splits: Iterable[str] = record_files.SPLITS):
        """Name the files.

        Args:
            settings: of the conversion.
            codec: of the records' alphabet.
            splits: of those that are to be written; validation only where the settings have it.
        """
        self._settings, self._codec = settings, codec
        self._save_dir = settings.save_dir
        self._names = {
            split: record_files.file_names(split, settings.num_shards) for split in splits
            if split != record_files.VALIDATION or settings.validation_split > 0}
        self._counts = {name: 0 for names in self._names.values() for name in names}
        self._reject_kinds, self._remark_kinds = collections.Counter(), collections.Counter()
        self._foreign_characters = collections.Counter()
        self._first_reasons, self._first_remarks = [], {}

    def __enter__(self):
        self._is_cut_short = manifest.is_cut_short(self._save_dir)
        record_files.remove_incomplete(self._save_dir)
        with contextlib.ExitStack() as stack:
            def create(name, mode='w', **how):
                return stack.enter_context(files.atomic_file(os.path.join(self._save_dir, name), mode, **how))

            self._manifest = create(manifest.NAME, encoding='utf-8')   # renamed last
            self._char_dict, self._ord_map = (create(name, encoding='utf-8') for name in (
                establish_char_dict.CHAR_DICT_NAME, establish_char_dict.ORD_MAP_NAME))
            self._files = {name: create(name, 'wb') for name in self._counts}
            # Paths may be no UTF-8.
            self._rejects, self._remarks = (create(name, encoding='utf-8', errors='backslashreplace')
                                            for name in (REJECTS_NAME, REMARKS_NAME))
            for file in (self._rejects, self._remarks):
                file.write('\t'.join(COLUMNS) + '\n')
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        try:
            if error[0] is None:
                self._finish()
            else:
                self._stack.__exit__(*error)
        finally:
            if self._is_cut_short:
                manifest.mark_cut_short(self._save_dir)

    def _finish(self):
        """Give the files their names, in place of those of a former conversion; a signal waits for it."""
        with contextlib.ExitStack() as signals:
            with self._stack:   # what raises in here removes the files
                self._bring_to_disk()
                signals.enter_context(stop_signals.held_back())
                self._is_cut_short = True   # until all have their names
                self._remove_former()
            self._is_cut_short = False

    def _bring_to_disk(self):
        """Write the rest, so that giving the names takes no time."""
        characters = self._codec.characters
        files.dump_json(establish_char_dict.char_dict_of(characters), self._char_dict)
        files.dump_json(establish_char_dict.ord_map_of(characters), self._ord_map)
        files.dump_json(self._manifest_value(), self._manifest)
        for file in (self._char_dict, self._ord_map, self._manifest, self._rejects, self._remarks,
                     *self._files.values()):
            file.flush()
            os.fsync(file.fileno())

    def _remove_former(self):
        """Remove the manifest of a former conversion, and the shards that get no new ones in their place."""
        former = [name for split in record_files.SPLITS
                  for name in record_files.existing_record_files(self._save_dir, split)]
        manifest.remove(self._save_dir)
        for name in former:
            if name not in self._counts:
                with contextlib.suppress(FileNotFoundError):
                    os.remove(os.path.join(self._save_dir, name))

    def _manifest_value(self):
        settings = self._settings
        return manifest.describe(
            image_size=settings.input_size, alphabet=self._codec.characters, seed=settings.seed,
            validation_split=settings.validation_split, is_compressed=settings.is_compressed,
            splits={split: [(name, self._counts[name], self._files[name].tell()) for name in names]
                    for split, names in self._names.items()},
            rejected=dict(self._reject_kinds))

    def write(self, converted: Converted, annotation_name: str, shard: int) -> None:
        """Write what a worker made of some lines, and remove its files.

        Args:
            converted: its records are in files.
            annotation_name: the annotation file that the lines are from.
            shard: index of the file of each split that takes the records.
        """
        for split, path in converted.records.items():
            name = self._names[split][shard]
            self._files[name].write(opening.read_file(path))
            os.remove(path)
            self._counts[name] += converted.counts[split]
        for reject in converted.rejects:
            self._rejects.write(row_of(annotation_name, reject))
            self._reject_kinds[reject.kind] += 1
            if len(self._first_reasons) < MAX_REASONS:
                self._first_reasons.append(f'{annotation_name}, line {reject.line_number}: {reject.reason}')
            if reject.kind == OUTSIDE_ALPHABET:
                self._foreign_characters.update(self._codec.foreign(reject.text))
        for remark in converted.remarks:
            self.remark(annotation_name, remark)

    def remark(self, annotation_name: str, remark: LineNote) -> None:
        """Take a remark on a line."""
        self._remarks.write(row_of(annotation_name, remark))
        self._remark_kinds[remark.kind] += 1
        self._first_remarks.setdefault(remark.kind, f'{visible.escaped(remark.path)}: {remark.reason}')

    def count_remarks(self, counts: dict[str, int]) -> None:
        """Say how many remarks of some kinds there would be, had all been taken."""
        self._remark_kinds.update({kind: count - self._remark_kinds[kind] for kind, count in counts.items()})

    def check_usable(self, dataset_dir: str) -> None:
        """Raise InputError where a split has no sample; the list of the rejects, if any, is kept."""
        empty = [split for split in self._names if not self._num_records(split)]
        if not empty:
            return
        why = 'there are too few lines'
        if self._reject_kinds:
            kinds = ', '.join(f'{kind}: {count}' for kind, count in self._reject_kinds.most_common())
            why = f'rejected: {kinds} (see {self._keep_rejects()}); first {"; ".join(self._first_reasons)}'
        if empty[0] == record_files.VALIDATION:
            why += ' (--validation_split 0 for none)'
        raise InputError(f'{dataset_dir}: no usable sample for the {empty[0]} records; {why}')

    def _num_records(self, split):
        return sum(self._counts[name] for name in self._names[split])

    def _keep_rejects(self):
        """Give the list of the rejects, which is whole, its name before the rest goes; return its path."""
        path = os.path.join(self._save_dir, REJECTS_NAME)
        self._rejects.flush()
        os.fsync(self._rejects.fileno())
        os.replace(self._rejects.name, path)
        return path

    def log_counts(self) -> None:
        """Say how many samples each split has, and how many were rejected for what reason."""
        logger = log_utils.init_logger()
        rejects_path = os.path.join(self._save_dir, REJECTS_NAME)
        logger.info('%s: %s', self._save_dir, ', '.join(
            f'{split} {self._num_records(split)}' for split in self._names))
        for kind, count in self._reject_kinds.most_common():
            logger.warning('rejected %d: %s (see %s)', count, kind, rejects_path)
        for kind, count in self._remark_kinds.most_common():
            logger.warning('%d: %s, such as %s (see %s)', count, kind, self._first_remarks[kind],
                           os.path.join(self._save_dir, REMARKS_NAME))
        if self._foreign_characters:
            counted = self._foreign_characters.most_common(char_codec.MAX_SHOWN)
            shown = ', '.join(f'{character!r} ({count})' for character, count in counted)
            logger.warning('the alphabet lacks %s of the texts, most often %s',
                           visible.counted(len(self._foreign_characters), 'character'), shown)


def row_of(annotation_name: str, note: LineNote) -> str:
    """Return a line of the rejects or the remarks; what is invisible is escaped."""
    fields = (annotation_name, str(note.line_number), note.path, note.text, note.reason)
    return '\t'.join(map(visible.escaped, fields)) + '\n'
