"""Every knob of the project, in one EasyDict `cfg`, and `override`, the one function that changes it.

    from global_configuration.config import cfg, override
    override(cfg, ['TRAIN.BATCH_SIZE=128'])

What the code can derive (the number of classes, of frames) is no knob. A knob's default gives its type.
"""
import ast
import difflib

from easydict import EasyDict

cfg = EasyDict()

# --- the network; stored with every checkpoint -------------------------------------------------------------------------
cfg.ARCH = EasyDict()
cfg.ARCH.INPUT_SIZE = (100, 32)       # (width, height), pixels; the height is the network's own, 4 pixels of width give a frame
cfg.ARCH.CONV_CHANNELS = 64           # of the first convolution; the others have 2, 4, 4, 8, 8 and 8 times as many
cfg.ARCH.HIDDEN_UNITS = 256           # LSTM units in each direction
cfg.ARCH.HIDDEN_LAYERS = 2            # bidirectional LSTM layers
cfg.ARCH.PIXEL_RANGE = (-1.0, 1.0)    # what black and white become; the original fed (0.0, 255.0)

# --- conversion ----------------------------------------------------------------------------------------------------------
cfg.DATA = EasyDict()
cfg.DATA.VALIDATION_SPLIT = 0.15      # share of Train that becomes validation
cfg.DATA.SEED = 0                     # chooses which samples those are

# --- training ------------------------------------------------------------------------------------------------------------
cfg.TRAIN = EasyDict()
cfg.TRAIN.SEED = 0                    # of the initial weights, the order of the samples and dropout
cfg.TRAIN.STEPS = 40000               # planned length, in batches; the schedule of the learning rate spans it
cfg.TRAIN.BATCH_SIZE = 64             # samples in a step, of all replicas (GPUs, machines) together; each gets an equal part
cfg.TRAIN.SHUFFLE_BUFFER = 32768      # records that are shuffled together (9.8 kB each); a data set up to this size wholly
cfg.TRAIN.AUGMENT = False             # shrink, slant, shift and invert training images: learns slower, less by heart
cfg.TRAIN.DRAWN_STYLE = 'rich'        # of words that are drawn for training, rich or plain, see text_style.py
cfg.TRAIN.DRAWN_PLAIN_STEPS = 500     # the first steps draw plain words, with which the network stops answering blanks sooner
cfg.TRAIN.DRAWN_REPEATS = 1           # steps that train a drawn word, the later ones varied; 2 or more where drawing is slower
cfg.TRAIN.DRAWING_PROCESSES = 0       # beside the training's own; 0: for a GPU one less than processors, else one in 8 of them
cfg.TRAIN.PRECISION = 'auto'          # of the arithmetic: float32, bfloat16, or auto: bfloat16 where the device is fast at it
cfg.TRAIN.DROPOUT = 0.5               # share of the LSTM's output that is dropped
cfg.TRAIN.OPTIMIZER = 'adam'          # adam, adadelta (the original's), momentum or rmsprop
cfg.TRAIN.MOMENTUM = 0.9              # of the optimizers momentum and rmsprop
cfg.TRAIN.LEARNING_RATE = 0.001       # the highest; adadelta needs about 1.0
cfg.TRAIN.WARMUP_STEPS = 200          # steps over which the rate rises to it from 0
cfg.TRAIN.LR_SCHEDULE = 'cosine'      # cosine (to 0 at STEPS, after the warm-up), exponential (the original's) or constant
cfg.TRAIN.LR_DECAY_STEPS = 10000      # exponential: every so many steps from the start the rate …
cfg.TRAIN.LR_DECAY_RATE = 0.1         # … is multiplied by this
cfg.TRAIN.GRADIENT_CLIP_NORM = 5.0    # gradients with a larger global norm are scaled down to it; 0 never
cfg.TRAIN.MAX_BAD_STEPS = 20          # so many steps in a row without a finite loss and gradient end the run
cfg.TRAIN.DISPLAY_STEP = 50           # a line in the log every so many steps
cfg.TRAIN.VALIDATION_STEP = 500       # the validation records are read every so many steps
cfg.TRAIN.MAX_VALIDATION = 20000      # of them, at most, spread evenly over the records where there are more
cfg.TRAIN.VAL_BATCH_SIZE = 256        # images in a batch of the validation
cfg.TRAIN.CHECKPOINT_STEP = 500       # a checkpoint every so many steps
cfg.TRAIN.KEEP_CHECKPOINTS = 3        # the last so many stay
cfg.TRAIN.CPU_REPLICAS = 1            # replicas on a processor without GPU: only to try how several devices work together
cfg.TRAIN.CLUSTER_WAIT = 600          # seconds that a task of a distributed job waits for the others to come
cfg.TRAIN.GPU_MEMORY_FRACTION = 0.85  # of the GPU's memory, at most
cfg.TRAIN.TF_ALLOW_GROWTH = True      # take GPU memory as it is needed

# --- reading and evaluation ------------------------------------------------------------------------------------------------
cfg.TEST = EasyDict()
cfg.TEST.BATCH_SIZE = 128             # images read at once
cfg.TEST.PRECISION = 'auto'           # as TRAIN.PRECISION
cfg.TEST.BEAM_WIDTH = 100             # of --beam_search
cfg.TEST.SURE = 0.9                   # an image read with less confidence is looked at again, narrower and wider; 0: never
cfg.TEST.GPU_MEMORY_FRACTION = 0.8    # of the GPU's memory, at most
cfg.TEST.TF_ALLOW_GROWTH = True       # take GPU memory as it is needed

# What a number may be, where it is not any of at least 1; (smallest, largest), both allowed.
_RANGES = {
    'ARCH.PIXEL_RANGE': (-1e6, 1e6), 'DATA.VALIDATION_SPLIT': (0.0, 0.99), 'DATA.SEED': (0, 2 ** 31 - 1),
    'TRAIN.SEED': (0, 2 ** 31 - 1), 'TRAIN.DROPOUT': (0.0, 0.99), 'TRAIN.MOMENTUM': (0.0, 1.0), 'TRAIN.LEARNING_RATE': (0.0, 1e6),
    'TRAIN.WARMUP_STEPS': (0, 2 ** 31 - 1),
    'TRAIN.DRAWN_PLAIN_STEPS': (0, 2 ** 31 - 1), 'TRAIN.DRAWN_REPEATS': (1, 1000), 'TRAIN.DRAWING_PROCESSES': (0, 10000),
    'TRAIN.LR_DECAY_RATE': (0.0, 1.0), 'TRAIN.GRADIENT_CLIP_NORM': (0.0, 1e6),
    'ARCH.CONV_CHANNELS': (1, 2048), 'ARCH.HIDDEN_UNITS': (1, 8192), 'ARCH.HIDDEN_LAYERS': (1, 64),
    'TRAIN.GPU_MEMORY_FRACTION': (0.01, 1.0), 'TEST.GPU_MEMORY_FRACTION': (0.01, 1.0),
    'TEST.SURE': (0.0, 1.0)}
# What a text may be.
_CHOICES = {
    'TRAIN.DRAWN_STYLE': ('rich', 'plain'), 'TRAIN.PRECISION': ('auto', 'float32', 'bfloat16'),
    'TRAIN.OPTIMIZER': ('adam', 'adadelta', 'momentum', 'rmsprop'), 'TRAIN.LR_SCHEDULE': ('cosine', 'exponential', 'constant'),
    'TEST.PRECISION': ('auto', 'float32', 'bfloat16')}
_DEFAULT_RANGE = (1, 2 ** 31 - 1)


def override(config, assignments):
    """Change knobs of `config`.

    Args:
        config: the EasyDict of EasyDicts to change.
        assignments: texts of the form 'TRAIN.BATCH_SIZE=128'. A value is a Python literal, or plain text for a knob of text.

    Raises:
        KeyError: no such knob; suggests the nearest.
        ValueError: no '=', or a value of another type than the default's; says which was expected.
    """
    for assignment in assignments:
        name, equals, text = assignment.partition('=')
        if not equals:
            raise ValueError(f'expected SECTION.KEY=VALUE, got {assignment!r}')
        section_name, _, key = name.strip().partition('.')
        known = knobs(config)
        if name.strip() not in known:
            nearest = difflib.get_close_matches(name.strip().upper(), known, n=1, cutoff=0.4)
            raise KeyError(f'there is no knob {name.strip()!r}' + (f'; did you mean {nearest[0]}?' if nearest else ''))
        section = config[section_name]
        section[key] = _value_like(section[key], text.strip(), name.strip())


def knobs(config):
    """Return the names of all knobs, as 'SECTION.KEY', with their values, as a dict."""
    return {f'{section}.{key}': value for section, keys in config.items() for key, value in keys.items()}


def _value_like(default, text, name):
    """Return `text` as a value of the default's type."""
    if isinstance(default, str):
        if text not in _CHOICES[name]:
            raise ValueError(f'{name}: expected one of {", ".join(_CHOICES[name])}, got {text[:80]!r}')
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        value = text   # no literal; refused below
    if isinstance(default, tuple):
        if not isinstance(value, (tuple, list)) or len(value) != len(default):
            raise ValueError(f'{name}: expected {len(default)} numbers like {default!r}, got {str(value)[:80]!r}')
        return tuple(_number_like(part, item, name) for part, item in zip(default, value, strict=True))
    return _number_like(default, value, name)


def _number_like(default, value, name):
    """Return `value` where it is of the default's type and in the knob's range; an int serves as a float."""
    if type(value) is not type(default) and not (isinstance(default, float) and type(value) is int):
        raise ValueError(f'{name}: expected {type(default).__name__} like {default!r}, got {str(value)[:80]!r}')
    smallest, largest = _RANGES.get(name, _DEFAULT_RANGE)
    if not isinstance(value, bool) and not smallest <= value <= largest:
        raise ValueError(f'{name}: expected a number from {smallest} to {largest}, got {str(value)[:80]}')
    return type(default)(value)
