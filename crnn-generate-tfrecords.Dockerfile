# Turns a folder of word images into TFRecords. Built from the repository's root:
#
#     docker build -t crnn-generate-tfrecords -f crnn-generate-tfrecords.Dockerfile .
#     docker run --rm -v DATASET_DIR:/data/data -v SAVE_DIR:/data/output crnn-generate-tfrecords
#
# Python 3.10 to 3.13 on a Debian-like system (the wheels need glibc). The releases of Python and of Debian are fixed; security
# fixes of both come with the next build.
ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE}

# Unbuffered, so that the job's log shows each line at once.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1

# A virtual environment, since a Python that apt manages takes no packages from pip (PEP 668). It uses the pip of the base image;
# a base with the venv module alone gets one from ensurepip. The platform calls /usr/bin/python, which is no link, since Python
# looks for its environment beside the path that it was called by.
RUN python3 -m venv --system-site-packages --without-pip /opt/venv \
    && rm -f /usr/bin/python \
    && printf '#!/bin/sh\nexec /opt/venv/bin/python "$@"\n' > /usr/bin/python \
    && chmod 755 /usr/bin/python \
    && mkdir -p /data/data /data/output

# Conversion needs neither TensorFlow nor matplotlib, the bulk of what requirements.txt would install: it only gives the
# versions here. The packages come before the code, so that a change of the code installs nothing anew, and without bytecode,
# which a container writes for itself at its first start. The import at the end stops the build where the base cannot run them.
COPY requirements.txt /data/code/
RUN export PYTHONDONTWRITEBYTECODE=1 \
    && { python -m pip --version || python -m ensurepip; } \
    && python -m pip install --no-cache-dir --no-compile -c /data/code/requirements.txt \
        numpy opencv-python-headless easydict tqdm google-crc32c \
    && find /opt/venv -name '*.pyc' -delete \
    && /usr/bin/python -c 'import cv2'

COPY . /data/code
WORKDIR /data
CMD ["python", "/data/code/tools/write_text_features.py", "--dataset_dir", "/data/data/", "--save_dir", "/data/output"]
