#!/bin/sh
# Run by the Dockerfiles: makes /opt/venv, installs packages into it, and tries whether they can be imported.
#
#     sh container_environment.sh 'cv2, tensorflow' -r requirements.txt
#
# The first argument names the modules to import; the others go to `pip install`.
set -eu
modules=$1
shift
export PYTHONDONTWRITEBYTECODE=1   # a container writes its own bytecode when it first starts

# A Python that apt manages takes no packages from pip (PEP 668), hence the virtual environment. It uses the
# pip of the base image; a base with the venv module alone gets one from ensurepip.
python3 -m venv --system-site-packages --without-pip /opt/venv
PATH=/opt/venv/bin:$PATH

# The platform calls /usr/bin/python. A link would not do: Python looks for its environment beside the path
# that it was called by.
rm -f /usr/bin/python
printf '#!/bin/sh\nexec /opt/venv/bin/python "$@"\n' >/usr/bin/python
chmod 755 /usr/bin/python

python -m pip --version || python -m ensurepip
python -m pip install --no-cache-dir --no-compile "$@"
cd /opt/venv/lib/python3*/site-packages
rm -rf tensorflow/include   # 430 MB that serve to compile against it
rm -rf onnx/backend/test    # 15 MB of its own tests
cd /
find /opt/venv -name '*.pyc' -delete

# A base image that cannot run the packages stops the build here, not a job later.
HOME=/tmp/home /usr/bin/python -c "import $modules"
rm -rf /tmp/home
mkdir -p /data/data /data/output
