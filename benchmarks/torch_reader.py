#!/usr/bin/env python3
"""The same reading in PyTorch: network and best path.

    echo | python benchmarks/torch_reader.py --batch_size 64 --precision bfloat16 --compile

A part of reading.py. Answers each line on standard input with images/s.
"""
import torch
import torch_step
import training_batch


def main():
    """Make the reader, then serve."""
    parser = training_batch.argument_parser(__doc__)
    parser.add_argument('--compile', action='store_true', help='with torch.compile')
    args = parser.parse_args()
    images = torch.from_numpy(training_batch.random_batch(args)[0])
    network = torch_step.make_network(args.num_classes).eval()
    forward = torch.compile(network) if args.compile else network
    lower = torch_step.lower_precision(args.precision)

    def read():
        with torch.inference_mode(), lower:
            return forward(images.to(torch_step.DEVICE)).argmax(2).cpu().numpy()

    training_batch.serve_step(read, args.batch_size)


if __name__ == '__main__':
    main()
