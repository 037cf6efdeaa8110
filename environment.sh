# Sourced by demo.sh and test.sh: makes .venv once, installs the pinned packages, and activates it.
# usage: . ./environment.sh [requirements file]
requirements=${1:-requirements.txt}
if [ ! -f ".venv/installed-$requirements" ] || [ requirements.txt -nt ".venv/installed-$requirements" ] \
        || [ "$requirements" -nt ".venv/installed-$requirements" ]; then
    echo "== Installing the packages of $requirements into .venv (once, a minute or two)"
    python3 -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$requirements"
    touch ".venv/installed-$requirements"
fi
. .venv/bin/activate
