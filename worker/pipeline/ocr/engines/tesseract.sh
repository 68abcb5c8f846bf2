#!/bin/sh
# Tesseract that ends with the recognition child that started it, where the system can do that.
command -v setpriv >/dev/null 2>&1 && exec setpriv --pdeathsig KILL tesseract "$@"
exec tesseract "$@"
