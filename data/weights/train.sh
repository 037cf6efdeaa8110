#!/usr/bin/env bash
# Train the weights of this folder: draw words for the validation, then train on words that are drawn while it trains.
#
#     FONTS="DIR ..." WEIGHTS=bundled STEPS=20000 data/weights/train.sh runs/weights
#
# Stopped and started again it goes on. FONTS: folders of fonts, see FONTS.md; without it those of the system.
# WEIGHTS: what a new run starts from; without it from nothing. STEPS: planned. KNOBS: more knobs, as --set takes them.
set -euo pipefail
out=${1:-runs/weights}
case $out in /*) ;; *) [ $# = 0 ] || out=$PWD/$out ;; esac
cd "$(dirname "$0")/../.."
fonts=(${FONTS:+--fonts $FONTS})
weights=(${WEIGHTS:+--weights_path $WEIGHTS})

if [ ! -e "$out/validation/manifest.json" ]; then
    python tools/generate_text_images.py --save_dir "$out/words" --num_train "${NUM_VALIDATION:-2000}" --num_test 20 \
        --seed 77 --alphabet_dir data/printable --overwrite ${fonts[@]+"${fonts[@]}"}
    python tools/write_text_features.py --dataset_dir "$out/words" --save_dir "$out/validation" \
        --validation_split 0.98
fi
exec python tools/train_shadownet.py --dataset_dir "$out/validation" --output_dir "$out/run" \
    --drawn_words data/words.txt ${fonts[@]+"${fonts[@]}"} ${weights[@]+"${weights[@]}"} \
    --set TRAIN.STEPS="${STEPS:-12500}" TRAIN.VALIDATION_STEP=1000 TRAIN.DROPOUT=0.1 ${KNOBS:-}
