"""Where a data set or records may be written: outside of what is read, and a folder holds one of the two."""
import os
from collections.abc import Iterable

from data_provider import annotation
from local_utils import manifest, record_files
from local_utils.errors import InputError, WrongArgument


def holds(folder: str, paths: Iterable[str]) -> bool:
    """Whether one of some paths is a folder, or lies in it; links are followed."""
    inside = os.path.join(os.path.realpath(folder), '')
    return any(os.path.join(os.path.realpath(path), '').startswith(inside) for path in paths)


def check_records_folder(save_dir: str, dataset_dir: str) -> None:
    """Refuse a folder for the records of a data set.

    Raises:
        WrongArgument: it is the data set's, lies in it or holds it.
        InputError: it holds another data set.
    """
    if holds(dataset_dir, [save_dir]):
        raise WrongArgument(f'{save_dir}: the folder of the data set, or one in it; expected one outside of '
                            f'{dataset_dir} for the records')
    if holds(save_dir, [dataset_dir]):
        raise WrongArgument(f'{save_dir}: holds the data set {dataset_dir}; expected a folder apart from it '
                            'for the records')
    there = [path for part in annotation.PARTS if os.path.exists(path := annotation.path_of(part, save_dir))]
    if there:
        raise InputError(f'{there[0]}: there is a data set in this folder; expected another one for the '
                         'records')


def check_data_set_folder(save_dir: str, source: str | None = None) -> None:
    """Refuse a folder for a data set.

    It may be the source's, or hold that: the images lie in the data set then and need no link.

    Args:
        save_dir: the folder.
        source: what the data set is made of, a file or a folder, if anything.

    Raises:
        WrongArgument: it lies in the source.
        InputError: it holds records.
    """
    if source and holds(source, [save_dir]) and not holds(save_dir, [source]):
        raise WrongArgument(f'{save_dir}: lies in the source {source}; expected a folder outside of it')
    if not os.path.isdir(save_dir):
        return
    there = [manifest.NAME] if os.path.exists(manifest.path_in(save_dir)) else [
        name for split in record_files.SPLITS for name in record_files.existing_record_files(save_dir, split)]
    if there:
        raise InputError(f'{os.path.join(save_dir, there[0])}: there are records in this folder; expected '
                         'another one for a data set')
