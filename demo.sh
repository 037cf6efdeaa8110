#!/usr/bin/env bash
# The whole way: draws words, reads them with the bundled weights, writes their alphabet, converts them, trains
# on, evaluates, reads again; exports, and reads without TensorFlow.
# Needs Python 3.10 to 3.13 and, for the installation, a package index. Everything lands in .venv/ and
# demo_output/.
set -euo pipefail
cd "$(dirname "$0")"
started=$SECONDS
say() { printf '\n== [%d:%02d] %s\n' $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60)) "$*"; }

say 'Installing the pinned packages into .venv (only the first time)'
. ./environment.sh requirements-export.txt
out=demo_output
rm -rf "$out"

say 'Drawing 8,000 words to learn from, and 1,000 other words to be tested on'
python tools/generate_text_images.py --save_dir "$out/words" --num_train 8000 --num_test 1000 --style plain

say 'Reading the 1,000 words with the bundled weights'
python tools/evaluate_shadownet.py --image_dir "$out/words" --annotation_path "$out/words/Test/sample.txt" \
    --weights_path bundled >"$out/before.json"

say 'Writing the alphabet of the words, and converting them'
python tools/establish_char_dict.py --dataset_dir "$out/words"
python tools/write_text_features.py --dataset_dir "$out/words" --save_dir "$out/records" \
    --validation_split 0.05

say 'Training on from the bundled weights, on the 8,000 words'
python tools/train_shadownet.py --dataset_dir "$out/records" --output_dir "$out/run" --weights_path bundled \
    --set TRAIN.STEPS=100 TRAIN.LEARNING_RATE=5e-4 TRAIN.DROPOUT=0.1 TRAIN.WARMUP_STEPS=20 \
    TRAIN.VALIDATION_STEP=50 TRAIN.CHECKPOINT_STEP=50

say 'Reading the 1,000 words again, with the weights that have learned'
python tools/evaluate_shadownet.py --dataset_dir "$out/records" --split test --weights_path "$out/run/best" \
    --confusion_path "$out/confusion.png" >"$out/after.json"

say 'Reading some of those words; for each: image, text, confidence'
images=()
while read -r path _; do images+=("$out/words$path"); done < <(head -n 32 "$out/words/Test/sample.txt")
python tools/test_shadownet.py --image_path "${images[@]}" --weights_path "$out/run/best" \
    --picture_path "$out/words.png"
python tools/plot_training.py --output_dir "$out/run" --picture_path "$out/curves.png"

say 'Exporting the weights, compared on 200 of the words; then a word without TensorFlow'
python tools/export_shadownet.py --weights_path "$out/run/best" --save_path "$out/model.onnx" \
    --image_dir "$out/words" --annotation_path "$out/words/Test/sample.txt" --num_words 200
python tools/test_shadownet.py --image_path "${images[0]}" --weights_path "$out/model.onnx"

say 'Done. The figures of the 1,000 words, which no training has seen, before it and after it'
python tools/compare_evaluations.py "$out/before.json" "$out/after.json"
echo 'exact: every character as it stands, capitals as capitals'
echo 'alphanumeric: letters and digits alone, capitals as small letters'
echo "Words with what was read: $out/words.png; the curves: $out/curves.png;"
echo "the confusions: $out/confusion.png"
echo 'Read an image of your own:'
echo '    .venv/bin/python tools/test_shadownet.py --image_path YOUR_IMAGE.jpg'
