"""What breaks or changes its meaning between two releases, found in the code that calls Keras.

| room | holds |
|---|---|
| `code` | the code of files and cells of notebooks, its names, and the values of expressions |
| `sites` | the places that matter: subclasses; calls that make, save and load |
| `releases` | what a release does, and what changed between two |
| `rules` | what is wrong with a place, one rule a file |
| `checker`, `origin`, `settings` | all rules on all files; the release that code was written for |
| `report` | what is printed, and the pages of the rules |
| `fix` | the rewriting |

No code is run and no Keras imported. It needs Python 3.9, which knows where each part of the code
stands, and can be run from another environment than that of the code.
"""

import sys

if sys.version_info < (3, 9):
    raise ImportError(
        f"keras_ckpt.migrate needs Python 3.9 or newer, and this is Python {sys.version_info[0]}."
        f"{sys.version_info[1]}. Install keras_ckpt in an environment with a newer one: the code "
        "is only read, so neither Keras nor anything that it imports is needed."
    )
