# Trains, evaluates and reads words on the processor. Built from the repository's root:
#
#     docker build -t crnn-ocr-cpu -f ocr-cpu.Dockerfile .
#     docker run --rm -v RECORDS_DIR:/data/data -v OUTPUT_DIR:/data/output crnn-ocr-cpu
#
# docs/platform.md has the commands for several machines. A base image is Debian-like (the wheels need
# glibc) and has Python 3.10 to 3.13.
ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE}

# Unbuffered, so that the job's log shows each line at once.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1

# The packages come before the code, so that a change of the code installs nothing anew.
COPY requirements.txt container_environment.sh /data/code/
RUN sh /data/code/container_environment.sh 'cv2, tensorflow' -r /data/code/requirements.txt

COPY . /data/code
WORKDIR /data
CMD ["python", "/data/code/tools/train_shadownet.py"]
