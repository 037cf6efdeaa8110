#!/usr/bin/env bash
# From nothing to a trained recogniser: draws words, converts them, trains, evaluates, and reads words it has not seen.
# Needs Python 3.10 to 3.13 and, for the installation, a package index. Everything lands in .venv/ and demo_output/.
set -euo pipefail
cd "$(dirname "$0")"
started=$SECONDS
say() { printf '\n== [%d:%02d] %s\n' $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60)) "$*"; }

say 'Installing the pinned packages into .venv (only the first time)'
. ./environment.sh requirements.txt
out=demo_output
rm -rf "$out"

say 'Drawing 12,000 words to learn from, and 1,000 other words to be tested on'
python tools/generate_text_images.py --save_dir "$out/words" --num_train 12000 --num_test 1000

say 'Converting the images to TFRecords'
python tools/write_text_features.py --dataset_dir "$out/words" --save_dir "$out/records" --validation_split 0.05

say 'Training ShadowNet: for the first minute it reads nothing, then the words come'
python tools/train_shadownet.py --dataset_dir "$out/records" --output_dir "$out/run" \
    --set TRAIN.STEPS=1200 TRAIN.VALIDATION_STEP=300 TRAIN.CHECKPOINT_STEP=300

say 'Reading all of the 1,000 words it has not seen, and counting'
python tools/evaluate_shadownet.py --dataset_dir "$out/records" --split test --weights_path "$out/run/best" \
    --confusion_path "$out/confusion.png" >"$out/evaluation.json"

say 'Reading some of those words; for each: image, text, confidence'
mapfile -t images < <(head -n 32 "$out/words/Test/sample.txt" | sed "s|^/\([^ ]*\) .*|$out/words/\1|")
python tools/test_shadownet.py --image_path "${images[@]}" --weights_path "$out/run/best" --picture_path "$out/words.png"
python tools/plot_training.py --output_dir "$out/run" --picture_path "$out/curves.png"

say 'Done'
python - "$out" <<'PYTHON'
import json
import sys

out = sys.argv[1]
with open(f'{out}/evaluation.json', encoding='utf-8') as file:
    figures = json.load(file)['letters_and_digits']
print(f'{100 * figures["word_accuracy"]:.1f} % of {figures["samples"]} unseen words were read without a mistake.')
print(f'Words with what was read: {out}/words.png; the curves: {out}/curves.png; the confusions: {out}/confusion.png')
print(f'The network: {out}/run/best. Read your own image with it:')
print(f'    .venv/bin/python tools/test_shadownet.py --image_path YOUR_IMAGE.jpg --weights_path {out}/run/best')
PYTHON
