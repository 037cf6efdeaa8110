#!/usr/bin/env python3
"""The training step of the same network in PyTorch.

    echo | python benchmarks/torch_step.py --batch_size 64 --precision bfloat16 --compile

A part of training_step.py. Answers each line on standard input with a step's images/s.
"""
import contextlib

import torch
import training_batch
from torch import nn
from torch.nn import functional

DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'
torch.backends.cudnn.benchmark = True


class ShadowNet(nn.Module):
    """The layers of crnnmodel.crnn_model.ShadowNet, of what PyTorch has for them."""

    def __init__(self, num_classes):
        super().__init__()
        sizes = [(3, 64), (64, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
        self.convs = nn.ModuleList(nn.Conv2d(*size, 3, padding=1, bias=False) for size in sizes)
        self.conv7 = nn.Conv2d(512, 512, 2, stride=(2, 1), bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(512, eps=0.001, momentum=0.001) for _ in range(2))
        self.lstm = nn.LSTM(512, 256, num_layers=2, bidirectional=True)
        self.projection = nn.Linear(512, num_classes, bias=False)

    def forward(self, images):
        """uint8 [batch, height, width, 3] → float32 [time, batch, classes], log-probabilities."""
        x = (images.float() * (2 / 255) - 1).permute(0, 3, 1, 2)   # channels_last in memory
        x = functional.max_pool2d(functional.relu(self.convs[0](x)), 2)
        x = functional.max_pool2d(functional.relu(self.convs[1](x)), 2)
        x = functional.relu(self.convs[2](x))
        x = functional.max_pool2d(functional.relu(self.convs[3](x)), (2, 1))
        x = self.norms[0](functional.relu(self.convs[4](x)))
        x = functional.max_pool2d(self.norms[1](functional.relu(self.convs[5](x))), (2, 1))
        x = functional.relu(self.conv7(functional.pad(x, (0, 1))))
        sequence, _ = self.lstm(x.squeeze(2).permute(2, 0, 1))
        logits = self.projection(functional.dropout(sequence, training_batch.DROPOUT, self.training))
        return functional.log_softmax(logits.float(), dim=2)


def make_network(num_classes):
    """Return the network on the device, its convolutions in the layout that is the fastest."""
    return ShadowNet(num_classes).to(DEVICE, memory_format=torch.channels_last)


def lower_precision(precision):
    """Return the block in which operations run in bfloat16 where that was asked for."""
    return torch.autocast(DEVICE, torch.bfloat16) if precision == 'bfloat16' else contextlib.nullcontext()


def make_step(args):
    """Return the function that trains one step."""
    images, labels = training_batch.random_batch(args)
    images = torch.from_numpy(images).to(DEVICE)
    targets = torch.tensor([index for label in labels for index in label], device=DEVICE)
    target_lengths = torch.tensor([len(label) for label in labels], device=DEVICE)
    network = make_network(args.num_classes)
    optimizer = torch.optim.Adam(network.parameters(), training_batch.LEARNING_RATE, fused=True)
    forward = torch.compile(network) if args.compile else network
    lower = lower_precision(args.precision)

    def step():
        optimizer.zero_grad()
        with lower:
            log_probabilities = forward(images)
        lengths = torch.full([args.batch_size], log_probabilities.shape[0], device=DEVICE)
        loss = functional.ctc_loss(
            log_probabilities, targets, lengths, target_lengths, blank=args.num_classes - 1)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), training_batch.GRADIENT_CLIP_NORM)
        optimizer.step()
        return loss.item()

    return step


def main():
    """Make the step, then serve."""
    parser = training_batch.argument_parser(__doc__)
    parser.add_argument('--compile', action='store_true', help='with torch.compile')
    args = parser.parse_args()
    training_batch.serve_step(make_step(args), args.batch_size)


if __name__ == '__main__':
    main()
