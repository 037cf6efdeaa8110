#!/usr/bin/env bash
# Train with train.sh on a machine with a GPU for some seconds: weights and optimizer state are in OUT/run then.
#
#     data/weights/train_on_gpu.sh FONTS.tar.xz OUT [SECONDS]
#
# FONTS.tar.xz: as pack_fonts.py makes it. An OUT that holds a run goes on; a new run starts from WEIGHTS, the bundled
# ones by default. A checkpoint comes every CHECKPOINT_STEP steps, some two minutes of a fast GPU. KNOBS as for train.sh.
set -euo pipefail
archive=$1 out=$2 seconds=${3:-600}
mkdir -p "$out"
out=$(cd "$out" && pwd)
if [ ! -d "$out/fonts" ]; then
    mkdir "$out/fonts.incomplete"
    tar -xJf "$archive" -C "$out/fonts.incomplete"
    mv "$out/fonts.incomplete" "$out/fonts"
fi
export FONTS="$out/fonts" WEIGHTS=${WEIGHTS:-bundled} STEPS=${STEPS:-24000}
export KNOBS="TRAIN.BATCH_SIZE=${BATCH_SIZE:-512} TRAIN.DRAWN_REPEATS=3 TRAIN.LEARNING_RATE=1e-3 TRAIN.WARMUP_STEPS=300
    TRAIN.DROPOUT=0.05 TRAIN.DRAWN_PLAIN_STEPS=0 TRAIN.CHECKPOINT_STEP=${CHECKPOINT_STEP:-2000} TRAIN.KEEP_CHECKPOINTS=2
    TRAIN.VALIDATION_STEP=4000 ${KNOBS:-}"
status=0
timeout --signal=TERM --kill-after=60 "$seconds" "$(dirname "$0")/train.sh" "$out" || status=$?
rm -rf "$out/words" "$out/fonts"
[ $status = 124 ] || exit $status   # its time was up; the run has saved where it is
