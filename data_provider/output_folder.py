"""Where a data set or records may be written: a folder holds one of the two."""
import os

from data_provider import annotation
from local_utils import manifest, record_files
from local_utils.errors import InputError, WrongArgument


def check_records_folder(save_dir: str, dataset_dir: str) -> None:
    """Refuse a folder for the records of a data set; one of their own in the data set's is good.

    Raises:
        WrongArgument: it is the data set's.
        InputError: it is another data set's, or a part of one.
    """
    if os.path.realpath(save_dir) == os.path.realpath(dataset_dir):
        raise WrongArgument(f'{save_dir}: the folder of the data set; expected another one for the records')
    lists = [annotation.path_of(part, save_dir) for part in annotation.PARTS]
    lists.append(os.path.join(save_dir, os.path.basename(lists[0])))
    there = next(filter(os.path.exists, lists), None)
    if there:
        raise InputError(f'{there}: there is a data set in this folder; expected another one for the records')


def check_data_set_folder(save_dir: str) -> None:
    """Refuse a folder for a data set that holds records; raises InputError."""
    if not os.path.isdir(save_dir):
        return
    there = [manifest.NAME] if os.path.exists(manifest.path_in(save_dir)) else [
        name for split in record_files.SPLITS for name in record_files.existing_record_files(save_dir, split)]
    if there:
        raise InputError(f'{os.path.join(save_dir, there[0])}: there are records in this folder; expected '
                         'another one for a data set')
