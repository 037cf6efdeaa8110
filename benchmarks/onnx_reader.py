#!/usr/bin/env python3
"""The same reading in ONNX Runtime, float32: network and best path.

    echo | python benchmarks/onnx_reader.py --batch_size 64

A part of reading.py. Answers each line on standard input with images/s.
"""
import os
import tempfile

import onnxruntime
import torch
import torch_step
import training_batch


def main():
    """Export the network, then serve."""
    args = training_batch.argument_parser(__doc__, has_precision=False).parse_args()
    images = training_batch.random_batch(args)[0]
    network = torch_step.ShadowNet(args.num_classes).eval()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'network.onnx')
        torch.onnx.export(network, (torch.from_numpy(images),), path, dynamo=False, input_names=['images'])
        session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    training_batch.serve_step(lambda: session.run(None, {'images': images})[0].argmax(2), args.batch_size)


if __name__ == '__main__':
    main()
