"""The environment variables that keep libraries from reporting to their makers."""

import os

OPT_OUTS = {
    # onnxruntime 1.29 and newer sends events to its maker's host and keeps a device id in ~/.cache.
    # Its native code reads this when it is loaded; the function in its Python API comes too late.
    "ORT_DISABLE_TELEMETRY": "1",
    # huggingface_hub (the ml extra) adds details of this machine to each request.
    "HF_HUB_DISABLE_TELEMETRY": "1",
    # transformers (the ml extra) asks a public service to convert the models that it fetches.
    "DISABLE_SAFETENSORS_CONVERSION": "1",
    # Several libraries honour this common variable (https://donottrack.sh).
    "DO_NOT_TRACK": "1",
}


def opt_out_of_reports() -> None:
    """Set each variable of OPT_OUTS in the environment, unless it is set already.

    Every entry point calls this before it loads such a library. Child processes inherit the values.
    """
    for name, value in OPT_OUTS.items():
        os.environ.setdefault(name, value)
