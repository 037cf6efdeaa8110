# Turns a folder of word images into TFRecords. Built from the repository's root:
#
#     docker build -t crnn-generate-tfrecords -f crnn-generate-tfrecords.Dockerfile .
#     docker run --rm -v DATASET_DIR:/data/data -v SAVE_DIR:/data/output crnn-generate-tfrecords
#
# A base image is Debian-like (the wheels need glibc) and has Python 3.10 to 3.13.
ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE}

# Unbuffered, so that the job's log shows each line at once.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1

# Conversion needs neither TensorFlow nor matplotlib: requirements.txt only gives the versions here.
# The packages come before the code, so that a change of the code installs nothing anew.
COPY requirements.txt container_environment.sh /data/code/
RUN sh /data/code/container_environment.sh 'cv2' -c /data/code/requirements.txt \
        numpy opencv-python-headless easydict tqdm google-crc32c

COPY . /data/code
WORKDIR /data
CMD ["python", "/data/code/tools/write_text_features.py", \
     "--dataset_dir", "/data/data/", "--save_dir", "/data/output"]
