"""The Dockerfiles, and the commands that their images are to run, for the tests of both."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONVERSION, CPU, GPU = 'crnn-generate-tfrecords.Dockerfile', 'ocr-cpu.Dockerfile', 'ocr-gpu.Dockerfile'
READER = 'ocr-reader.Dockerfile'
DOCKERFILES = [CONVERSION, CPU, GPU, READER]
REQUIREMENTS = {**dict.fromkeys(DOCKERFILES, 'requirements.txt'),
                READER: 'requirements-reader.txt requirements-serve.txt'}
SCRIPT = 'container_environment.sh'   # what all of them run to install
CODE = ['crnnmodel', 'data', 'data_provider', 'global_configuration', 'local_utils', 'reading', 'tools',
        'training', 'requirements.txt', SCRIPT]

CONVERSION_COMMAND = ('python /data/code/tools/write_text_features.py '
                      '--dataset_dir /data/data/ --save_dir /data/output')
TRAINING_COMMAND = 'python /data/code/tools/train_shadownet.py'
SERVING_COMMAND = 'python /data/code/tools/serve_shadownet.py --host 0.0.0.0'
READING_COMMAND = 'python /data/code/tools/test_shadownet.py --image_path /data/data'
# What the UAI Train platform runs; {} are the user's flags.
PLATFORM_COMMAND = ('cd /data && /usr/bin/python /data/code/tools/train_shadownet.py {} '
                    '--work_dir=/data --data_dir=/data/data --output_dir=/data/output --log_dir=/data/output')


def read_instructions(name):
    """Return a Dockerfile's instructions as a list of (keyword, arguments on one line)."""
    text = (ROOT / name).read_text(encoding='utf-8')
    lines = re.sub(r'^\s*#.*\n', '', text, flags=re.MULTILINE).replace('\\\n', ' ').splitlines()
    parts = (line.partition(' ') for line in lines if line.strip())
    return [(keyword, ' '.join(rest.split())) for keyword, _, rest in parts]
