#!/bin/sh
# Runs Tesseract so that it ends with the recognition child that started it, if the system can do that.
command -v setpriv >/dev/null 2>&1 && exec setpriv --pdeathsig KILL tesseract "$@"
exec tesseract "$@"
