"""`python -m keras_ckpt`: the same as `keras-ckpt`."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    if sys.argv[1:2] == ["run"] and not {"-h", "--help"} & set(sys.argv[2:3]):
        # The one command that needs nothing but Python.
        from keras_ckpt.installation import launcher

        sys.exit(launcher.main(sys.argv[2:]))
    try:
        from keras_ckpt.cli import main
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    main(prog_name="keras-ckpt")
