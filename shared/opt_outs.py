"""Libraries that report to their makers, and the variables that keep them from it."""

import os

OPT_OUTS = {
    # onnxruntime 1.29 and newer sends events to its maker's host and keeps a device id in ~/.cache.
    # Its native code reads this when it is loaded; the call that its Python API offers is too late.
    "ORT_DISABLE_TELEMETRY": "1",
    # huggingface_hub (the ml extra) sends details of this machine along with each request.
    "HF_HUB_DISABLE_TELEMETRY": "1",
    # transformers (the ml extra) asks a public service to convert the models that it fetches.
    "DISABLE_SAFETENSORS_CONVERSION": "1",
    # Several libraries have agreed on this one (https://donottrack.sh).
    "DO_NOT_TRACK": "1",
}


def opt_out_of_reports() -> None:
    """Set each of OPT_OUTS in the environment, but leave those alone that are set already.

    Every entry point calls this before it loads such a library. Child processes inherit it.
    """
    for name, value in OPT_OUTS.items():
        os.environ.setdefault(name, value)
