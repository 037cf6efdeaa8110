"""What tests of the conversion share: words, and looks at what it wrote and said."""
from local_utils import data_utils, record_files

WORDS = [f'word{number}' for number in range(40)]


def read(save_dir, split, codec):
    reader = data_utils.TextFeatureIO(codec).reader
    return [feature for path in record_files.find_record_files(str(save_dir), split)
            for feature in reader.read_features(path)]


def errors_of(capfd):
    """Return the lines of standard error but for those that only say how things go."""
    return [line for line in capfd.readouterr().err.strip().splitlines() if ' INFO ' not in line]


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}
