# Trains, evaluates and reads words on NVIDIA GPUs. Built from the repository's root, without a GPU; run
# where the driver and the NVIDIA container toolkit are:
#
#     docker build -t crnn-ocr-gpu -f ocr-gpu.Dockerfile .
#     docker run --rm --gpus all -v RECORDS_DIR:/data/data -v OUTPUT_DIR:/data/output crnn-ocr-gpu
#
# docs/platform.md has the commands for several machines. A base image is Debian-like (the wheels need
# glibc) and has Python 3.10 to 3.13. One with CUDA would bring it twice: TensorFlow loads it from NVIDIA's
# pip packages.
ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE}

# Unbuffered, so that the job's log shows each line at once. The toolkit reads the other two: every GPU, for
# computing and for nvidia-smi.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility

# The packages come before the code, so that a change of the code installs nothing anew.
COPY requirements.txt container_environment.sh /data/code/
RUN sh /data/code/container_environment.sh 'cv2, tensorflow' \
        -r /data/code/requirements.txt 'tensorflow[and-cuda]'

COPY . /data/code
WORKDIR /data
CMD ["python", "/data/code/tools/train_shadownet.py"]
