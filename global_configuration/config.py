"""Every knob of the project, in one EasyDict `cfg`, and `override`, the one function that changes it.

    from global_configuration.config import cfg, override
    override(cfg, ['TRAIN.BATCH_SIZE=128'])

A knob is defined here alone: its default, which gives its type, what it means, and what it may be. What the
code can derive (the number of classes, of frames) is no knob.
"""
import ast
import difflib
from typing import NamedTuple

from easydict import EasyDict

LARGEST = 2 ** 31 - 1
SHOWN_BITS = 14000   # of a whole number; Python shows none of more than 4300 digits


class Knob(NamedTuple):
    """The definition of a knob."""

    default: object
    meaning: str
    smallest: float = 1        # of a number, or of each of several
    largest: float = LARGEST   # likewise
    choices: tuple = ()        # of a text


PRECISIONS = ('auto', 'float32', 'bfloat16')
ENGINES = ('auto', 'onnx', 'tensorflow')

KNOBS = {
    'ARCH': {   # the network; stored with every checkpoint
        'INPUT_SIZE': Knob((100, 32), '(width, height), pixels; the height is the network\'s own, 4 pixels '
                           'of width give a frame', 1, 4096),
        'CONV_CHANNELS': Knob(64, 'of the first convolution; the others have 2, 4, 4, 8, 8 and 8 times as '
                              'many', 1, 2048),
        'HIDDEN_UNITS': Knob(256, 'LSTM units in each direction', 1, 8192),
        'HIDDEN_LAYERS': Knob(2, 'bidirectional LSTM layers', 1, 64),
        'PIXEL_RANGE': Knob((-1.0, 1.0), 'what black and white become; the original fed (0.0, 255.0)', -1e6,
                            1e6),
    },
    'DATA': {   # conversion
        'VALIDATION_SPLIT': Knob(0.15, 'fraction of Train that becomes validation', 0.0, 0.99),
        'SEED': Knob(0, 'chooses which samples those are', 0),
    },
    'TRAIN': {
        'SEED': Knob(0, 'of the initial weights, the order of the samples and dropout', 0),
        'STEPS': Knob(40000, 'planned length, in batches; the schedule of the learning rate spans it'),
        'BATCH_SIZE': Knob(64, 'samples in a step, of all replicas (GPUs, machines) together; each gets an '
                           'equal part', 1, 65536),
        'SHUFFLE_BUFFER': Knob(32768, 'records that are shuffled together (9.8 kB each); a data set up to '
                               'this size is shuffled wholly', 1, 1 << 20),
        'AUGMENT': Knob(False, 'shrink, slant, shift and invert training images: learns slower, less by '
                        'heart'),
        'RAND_AUGMENT': Knob(0, 'operations on each training image, of thirteen on its form, its colours and '
                             'its sharpness, and noise; 3 for long runs; not on the first plain drawn words',
                             0, 16),
        'DRAWN_FRACTION': Knob(0.5, 'of each batch, in a run from --weights_path on fewer than 20,000 '
                               'samples: words that are drawn, so that the network does not forget them; '
                               'with --drawn_words all are drawn', 0.0, 1.0),
        'DRAWN_STYLE': Knob('rich', 'of words that are drawn for training', choices=('rich', 'plain')),
        'DRAWN_PLAIN_STEPS': Knob(500, 'the first steps draw plain words, with which the network stops '
                                  'answering blanks sooner', 0),
        'DRAWN_REPEATS': Knob(1, 'steps that train a drawn word, the later ones varied; 2 or more where '
                              'drawing is slower than training', 1, 16),
        'DRAWING_PROCESSES': Knob(0, 'beside the training\'s own; 0: for a GPU one less than processors, '
                                  'else one in 8 of them', 0, 10000),
        'PRECISION': Knob('auto', 'of the arithmetic; auto: bfloat16 where the device is fast at it, else '
                          'float32', choices=PRECISIONS),
        'DROPOUT': Knob(0.5, 'fraction of the LSTM\'s output that is dropped', 0.0, 0.99),
        'FIXED_CONVOLUTIONS': Knob(False, 'train the LSTMs and the projection alone, about twice as '
                                   'fast; for the first steps from --weights_path'),
        'OPTIMIZER': Knob('adam', 'adadelta is the original\'s',
                          choices=('adam', 'adamw', 'adadelta', 'momentum', 'rmsprop')),
        'MOMENTUM': Knob(0.9, 'of the optimizers momentum and rmsprop', 0.0, 1.0),
        'WEIGHT_DECAY': Knob(0.01, 'of adamw: times the learning rate, the fraction that each step takes off '
                             'the kernels', 0.0, 1.0),
        'LEARNING_RATE': Knob(0.001, 'the highest; adadelta needs about 1.0', 0.0, 1e6),
        'WARMUP_STEPS': Knob(200, 'steps over which the rate rises to it from 0', 0),
        'LR_SCHEDULE': Knob('cosine', 'cosine (to 0 at STEPS, after the warm-up), onecycle (up over '
                            'WARMUP_FRACTION, then to nearly 0), exponential (the original\'s) or constant',
                            choices=('cosine', 'onecycle', 'exponential', 'constant')),
        'WARMUP_FRACTION': Knob(0.075, 'onecycle: of STEPS, over which the rate rises, in place of '
                                'WARMUP_STEPS', 0.0, 0.9),
        'LR_DECAY_STEPS': Knob(10000, 'exponential: every so many steps from the start the rate …'),
        'LR_DECAY_RATE': Knob(0.1, '… is multiplied by this', 0.0, 1.0),
        'GRADIENT_CLIP_NORM': Knob(5.0, 'gradients with a larger global norm are scaled down to it; 0 never',
                                   0.0, 1e6),
        'AVERAGE_DECAY': Knob(0.999, 'validation and the best checkpoint take the average of the weights '
                              'over the last steps, of which each step keeps this fraction; 0: the weights '
                              'as they are', 0.0, 0.99999),
        'MAX_BAD_STEPS': Knob(20, 'so many steps in a row without a finite loss and gradient end the run'),
        'DISPLAY_STEP': Knob(50, 'a line in the log every so many steps'),
        'VALIDATION_STEP': Knob(500, 'the validation records are read every so many steps'),
        'MAX_VALIDATION': Knob(20000, 'of them, at most, spread evenly over the records where there are '
                               'more'),
        'VAL_BATCH_SIZE': Knob(256, 'images in a batch of the validation', 1, 65536),
        'CHECKPOINT_STEP': Knob(500, 'a checkpoint every so many steps'),
        'KEEP_CHECKPOINTS': Knob(3, 'the last so many stay'),
        'CPU_REPLICAS': Knob(1, 'replicas on a processor without GPU: only to try how several devices work '
                             'together', 1, 64),
        'CLUSTER_WAIT': Knob(600, 'seconds that a task of a distributed job waits for the others to come'),
        'CLUSTER_SILENCE': Knob(120, 'seconds without an answer of another task, as of one that is stopped, '
                                'after which a task ends', 10),
        'GPU_MEMORY_FRACTION': Knob(0.85, 'of the GPU\'s memory, at most', 0.01, 1.0),
        'TF_ALLOW_GROWTH': Knob(True, 'take GPU memory as it is needed'),
    },
    'TEST': {   # reading and evaluation
        'BATCH_SIZE': Knob(128, 'images read at once', 1, 65536),
        'ENGINE': Knob('auto',
                       'what computes the network; onnx is ONNX Runtime, on the processor: ready sooner, and '
                       'slower with many images; auto takes it for few', choices=ENGINES),
        'PRECISION': Knob('auto',
                          'as TRAIN.PRECISION; int8: most convolutions in integers of 8 bits, auto where the '
                          'processor is fast at them; ONNX Runtime has float32',
                          choices=(*PRECISIONS, 'int8')),
        'BEAM_WIDTH': Knob(100, 'of --beam_search', 1, 10000),
        'VIEWS': Knob('few',
                      'of an image that is read with too little confidence: one: none further; few: the best '
                      'for their time; many: more, for somewhat more accuracy',
                      choices=('one', 'few', 'many')),
        'MIN_CONFIDENCE': Knob(0.7, 'an image read with less confidence is read in further views; 0: never',
                               0.0, 1.0),
        'WORD_WEIGHT': Knob(2.0, 'of --word_list: the logarithm of how much more probable its words are', 0.0,
                            20.0),
        'GPU_MEMORY_FRACTION': Knob(0.8, 'of the GPU\'s memory, at most', 0.01, 1.0),
        'TF_ALLOW_GROWTH': Knob(True, 'take GPU memory as it is needed'),
    },
}

cfg = EasyDict({section: {key: knob.default for key, knob in keys.items()}
                for section, keys in KNOBS.items()})


def override(config: EasyDict, assignments: list[str]) -> None:
    """Change knobs of `config`.

    Args:
        config: the EasyDict of EasyDicts to change.
        assignments: texts of the form 'TRAIN.BATCH_SIZE=128'. A value is a Python literal, or plain text for
            a knob of text.

    Raises:
        KeyError: no such knob; suggests the nearest.
        ValueError: no '=', or a value of another type than the default's; says which was expected.
    """
    for assignment in assignments:
        name, equals, text = assignment.partition('=')
        name = name.strip()
        if not equals:
            raise ValueError(f'expected SECTION.KEY=VALUE, got {assignment!r}')
        section, _, key = name.partition('.')
        if key not in KNOBS.get(section, {}):
            nearest = difflib.get_close_matches(name.upper(), knobs(config), n=1, cutoff=0.4)
            raise KeyError(f'there is no knob {name!r}' + (f'; did you mean {nearest[0]}?'
                                                           if nearest else ''))
        config[section][key] = _value_of(KNOBS[section][key], text.strip(), name)


def knobs(config: EasyDict) -> dict:
    """Return the names of all knobs, as 'SECTION.KEY', with their values."""
    return {f'{section}.{key}': value for section, keys in config.items() for key, value in keys.items()}


def _value_of(knob, text, name):
    """Return what `text` writes as a value of a knob."""
    if knob.choices:
        if text not in knob.choices:
            raise ValueError(f'{name}: expected one of {", ".join(knob.choices)}, got {text[:80]!r}')
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        value = text   # no literal; refused below
    if isinstance(value, int) and value.bit_length() > SHOWN_BITS:
        value = text   # too long even to be shown as a number
    if isinstance(knob.default, tuple):
        if not isinstance(value, (tuple, list)) or len(value) != len(knob.default):
            raise ValueError(f'{name}: expected {len(knob.default)} numbers like {knob.default!r}, '
                             f'got {str(value)[:80]!r}')
        return tuple(_number_like(part, item, knob, name)
                     for part, item in zip(knob.default, value, strict=True))
    return _number_like(knob.default, value, knob, name)


def _number_like(default, value, knob, name):
    """Return `value` where it is of the default's type and in the knob's range; an int serves as a float."""
    if type(value) is not type(default) and not (isinstance(default, float) and type(value) is int):
        raise ValueError(f'{name}: expected {type(default).__name__} like {default!r}, '
                         f'got {str(value)[:80]!r}')
    if not isinstance(value, bool) and not knob.smallest <= value <= knob.largest:
        raise ValueError(f'{name}: expected a number from {knob.smallest} to {knob.largest}, '
                         f'got {str(value)[:80]}')
    return type(default)(value)
