# Reads words, and serves them over HTTP, without TensorFlow. Built from the repository's root:
#
#     docker build -t crnn-ocr-reader -f ocr-reader.Dockerfile .
#     docker run --rm -p 127.0.0.1:8080:8080 crnn-ocr-reader
#     docker run --rm -v IMAGES_DIR:/data/data crnn-ocr-reader \
#         python /data/code/tools/test_shadownet.py --image_path /data/data
#
# docs/deployment.md has more. A base image is Debian-like (the wheels need glibc) and has Python 3.10 to
# 3.13.
ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE}

# Unbuffered, so that the job's log shows each line at once; two heaps of glibc, not one or more a thread.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2

# The packages come before the code, so that a change of the code installs nothing anew.
COPY requirements-reader.txt requirements-serve.txt container_environment.sh /data/code/
RUN sh /data/code/container_environment.sh 'cv2, onnxruntime, uvicorn' \
    -r /data/code/requirements-reader.txt -r /data/code/requirements-serve.txt

COPY . /data/code
WORKDIR /data
# A word is read: what cannot read stops the build here, and what can has its bytecode, for a quick start.
RUN HOME=/tmp/home python /data/code/tools/test_shadownet.py --image_path /data/code/docs/word.jpg \
    && find /tmp -mindepth 1 -delete   # what ONNX Runtime leaves there and at home
EXPOSE 8080
CMD ["python", "/data/code/tools/serve_shadownet.py", "--host", "0.0.0.0"]
