"""`python -m keras_ckpt`: the same as `keras-ckpt`."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        from keras_ckpt.cli import main
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    main(prog_name="keras-ckpt")
