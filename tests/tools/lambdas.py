"""Has the running Python, 2.7 or 3, compile the functions of tests/data/python_code/sources.json.

    PYTHON tests/tools/lambdas.py >> tests/data/python_code/compiled.jsonl

Writes a line of JSON: the release, and for each function its code as Keras 2 stored it.
"""

import base64
import json
import marshal
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "..", "data", "python_code", "sources.json")


def compiled(source):
    """Returns the code of a function, or None where this Python has no such syntax."""
    names = {}
    try:
        exec(compile(source, "model.py", "exec", 0, True), names)
    except SyntaxError:
        return None
    found = names["function"]
    if "outer" in names:
        found = names["outer"](2.5, "b")
    return base64.b64encode(marshal.dumps(found.__code__)).decode("ascii")


if __name__ == "__main__":
    with open(SOURCES) as file:
        sources = json.load(file)
    version = ".".join(map(str, sys.version_info[:2]))
    print(json.dumps([version, [compiled(str(each)) for each in sources]]))
