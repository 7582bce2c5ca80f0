"""Ends in the way that it is told."""

import os
import signal
import sys
import threading
import time

print("ends by", *sys.argv[1:])
sys.stdout.flush()
how = sys.argv[1]
if how == "exit":
    sys.exit(int(sys.argv[2]))
elif how == "text":
    sys.exit("a text of its own")
elif how == "none":
    sys.exit()
elif how == "at once":
    os._exit(7)
elif how == "abort":
    os.abort()
elif how == "signal":
    os.kill(os.getpid(), getattr(signal, sys.argv[2]))
    time.sleep(10)
elif how == "thread":
    threading.Thread(target=lambda: print("thread")).start()
elif how == "pipe":
    sys.stdout.close()
elif how == "wait":
    time.sleep(60)
