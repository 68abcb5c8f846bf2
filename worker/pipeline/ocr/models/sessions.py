"""How the models of RapidOCR are run."""

from onnxruntime import InferenceSession, SessionOptions

# Severity in onnxruntime's numbers: only what ends the process is logged.
_FATAL = 4


def one_thread() -> SessionOptions:
    """Return the options for one thread: there is one child per core, and two images side by side
    beat one image on two threads."""
    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # An arena would keep as much memory as the largest page needed.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = _FATAL
    return options


def session_of(model: str | bytes) -> InferenceSession:
    """Load a model from its path or its content.

    Raises an exception of onnxruntime, which has no common class, if it is not a model.
    """
    return InferenceSession(model, one_thread(), providers=["CPUExecutionProvider"])
