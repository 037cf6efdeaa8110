"""TensorFlow's settings that have to be in the environment before it is imported."""
import os


def apply():
    """Set what is not set already; a script calls it before its first import that leads to TensorFlow."""
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')    # what is an error to us is raised, too, and becomes one line
    os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '1')   # by itself only where the processor has AVX512-VNNI
