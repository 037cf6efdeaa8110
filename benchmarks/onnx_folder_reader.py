#!/usr/bin/env python3
"""A whole reader from disk to text as a user of an exported model writes one: OpenCV and ONNX Runtime.

    python benchmarks/onnx_folder_reader.py --model_path model.onnx --image_dir words

A peer in folder.py. One view, the best path, no confidence, batches of 64; prints a path and a text a line.
"""
import argparse
import json
import os

import cv2
import numpy as np
import onnxruntime

BATCH_SIZE = 64


def main():
    """Read and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model_path', required=True)
    parser.add_argument('--image_dir', required=True)
    args = parser.parse_args()
    session = onnxruntime.InferenceSession(args.model_path, providers=['CPUExecutionProvider'])
    alphabet = json.loads(session.get_modelmeta().custom_metadata_map['description'])['characters']
    names = sorted(name for name in os.listdir(args.image_dir) if not name.endswith('.txt'))
    for start in range(0, len(names), BATCH_SIZE):
        batch = names[start:start + BATCH_SIZE]
        images = [cv2.resize(cv2.imread(os.path.join(args.image_dir, name)), (100, 32),
                             interpolation=cv2.INTER_AREA) for name in batch]
        best_paths = session.run(None, {'images': np.stack(images)})[0].argmax(2).T
        for name, path in zip(batch, best_paths, strict=True):
            print(name, ''.join(alphabet[now] for before, now in zip([-1, *path], path, strict=False)
                                if now != before and now < len(alphabet)), sep='\t')


if __name__ == '__main__':
    main()
