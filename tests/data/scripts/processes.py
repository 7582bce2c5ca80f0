"""Starts processes in each way that there is, and sends objects of its own to and fro."""

import multiprocessing
import os
import pickle
import subprocess
import sys


class Thing:
    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return "Thing(%r) of %s" % (self.value, type(self).__module__)


def double(thing):
    return Thing(thing.value * 2)


if __name__ == "__main__":
    print(pickle.loads(pickle.dumps(Thing(1))))
    for method in multiprocessing.get_all_start_methods():
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(method, pool.map(double, [Thing(1), Thing("a")]))
    if hasattr(os, "fork"):
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            print("child")
            sys.stdout.flush()
            os._exit(5)
        print(os.waitpid(child, 0)[1])
    sys.stdout.flush()
    subprocess.call([sys.executable, "-c", "import sys; print(sys.argv, sys.path[1:])", "x"])
