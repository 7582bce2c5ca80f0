"""How each rule's problem is mended natively, one file a rule, called as the rule's own.

`fix(problem, native)` answers with a `Fix` or a `Refusal`. With `LATE = True` it is asked when it
is known which calls need keras_ckpt, and so stay as they are.
"""
