"""Runs each script of a directory in an empty one, and prints what it prints."""

import os
import runpy
import sys
import traceback

FOLDER, HERE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
for name in sorted(os.listdir(FOLDER)):
    print("==", name, flush=True)
    os.makedirs(os.path.join(HERE, name))
    os.chdir(os.path.join(HERE, name))
    try:
        runpy.run_path(os.path.join(FOLDER, name), run_name="__main__")
    except Exception as error:
        traceback.print_exc()
        print("error:", type(error).__name__, flush=True)
