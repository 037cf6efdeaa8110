# Trains, evaluates and reads words on NVIDIA GPUs. Built from the repository's root, without a GPU; run where the driver
# and the NVIDIA container toolkit are:
#
#     docker build -t crnn-ocr-gpu -f ocr-gpu.Dockerfile .
#     docker run --rm --gpus all -v RECORDS_DIR:/data/data -v OUTPUT_DIR:/data/output crnn-ocr-gpu
#
# Several machines: each container gets TF_CONFIG, and its port is published (the README has the whole command):
#
#     docker run ... -e TF_CONFIG='{"cluster": {"master": ["host1:2222"], "worker": ["host2:2222"]}, "task": ...}' -p 2222:2222 crnn-ocr-gpu
#
# Python 3.10 to 3.13 on a Debian-like system (the wheels need glibc). The releases of Python and of Debian are fixed; security
# fixes of both come with the next build. A base with CUDA would bring it twice: TensorFlow loads it from NVIDIA's pip packages.
ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE}

# Unbuffered, so that the job's log shows each line at once. The toolkit reads the other two: every GPU, for computing and
# for nvidia-smi.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility

# A virtual environment, since a Python that apt manages takes no packages from pip (PEP 668). It uses the pip of the base image;
# a base with the venv module alone gets one from ensurepip. The platform calls /usr/bin/python, which is no link, since Python
# looks for its environment beside the path that it was called by.
RUN python3 -m venv --system-site-packages --without-pip /opt/venv \
    && rm -f /usr/bin/python \
    && printf '#!/bin/sh\nexec /opt/venv/bin/python "$@"\n' > /usr/bin/python \
    && chmod 755 /usr/bin/python \
    && mkdir -p /data/data /data/output

# The packages come before the code, so that a change of the code installs nothing anew, and without bytecode, which a container
# writes for itself at its first start. TensorFlow's C++ headers (430 MB) only serve to compile against it. The import at the end
# stops the build where the base cannot run the packages.
COPY requirements.txt /data/code/
RUN export PYTHONDONTWRITEBYTECODE=1 \
    && { python -m pip --version || python -m ensurepip; } \
    && python -m pip install --no-cache-dir --no-compile -r /data/code/requirements.txt 'tensorflow[and-cuda]' \
    && rm -rf /opt/venv/lib/python3*/site-packages/tensorflow/include \
    && find /opt/venv -name '*.pyc' -delete \
    && HOME=/tmp/home /usr/bin/python -c 'import cv2, tensorflow' \
    && rm -rf /tmp/home

COPY . /data/code
WORKDIR /data
CMD ["python", "/data/code/tools/train_shadownet.py"]
