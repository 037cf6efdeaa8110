#!/usr/bin/env bash
# From nothing to a trained recogniser: draws words, converts them, trains, evaluates, and reads words it has not seen.
# Needs Python 3.10 to 3.13 and, for the installation, a package index. Everything lands in demo_output/ and .venv/.
set -euo pipefail
cd "$(dirname "$0")"
. ./environment.sh

say() { printf '\n== %s\n' "$*"; }
output=demo_output
rm -rf "$output"

say "Drawing 12,000 words to learn from and 1,000 other words to be tested on"
python tools/generate_text_images.py --save_dir "$output/words" --num_train 12000 --num_test 1000

say "Converting the images to TFRecords"
python tools/write_text_features.py --dataset_dir "$output/words" --save_dir "$output/records"

say "Training ShadowNet; for the first minute or two it reads nothing, then words appear"
python tools/train_shadownet.py --dataset_dir "$output/records" --output_dir "$output/run" \
    --set TRAIN.STEPS=1100 TRAIN.VALIDATION_STEP=275 TRAIN.CHECKPOINT_STEP=275

say "Evaluating on the 1,000 words it has not seen"
python tools/evaluate_shadownet.py --dataset_dir "$output/records" --split test --weights_path "$output/run/best" \
    --confusion_path "$output/confusion.png" > "$output/evaluation.json"

say "Reading some of them"
python tools/test_shadownet.py --image_path "$output"/words/$(cut -d' ' -f1 "$output/words/Test/sample.txt" | head -n 1) \
    --weights_path "$output/run/best"
