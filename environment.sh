# Sourced by demo.sh and test.sh with a requirements file: makes .venv, installs the pinned packages once,
# activates it.
_stamp=.venv/installed-$1
if [ ! -f "$_stamp" ] || [ -n "$(find . -maxdepth 1 -name 'requirements*.txt' -newer "$_stamp")" ]; then
    python3 -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$1"
    touch "$_stamp"
fi
. .venv/bin/activate
