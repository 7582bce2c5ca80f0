"""What breaks or changes its meaning between two releases, found in the code that calls Keras.

| modules | hold |
|---|---|
| `source.py`, `notebook.py`, `files.py` | the code: of files, cells of notebooks, folders |
| `scopes.py`, `names.py` | the names of a module, and what each means at a place |
| `values.py` | what value an expression has: `kinds.py`, `operations.py`, `texts.py`, … |
| `sites.py`, `call_sites.py` | the places that matter: subclasses; calls that make, save and load |
| `receivers.py`, `passing.py` | whose method is called; what a subclass passes on to its base |
| `releases.py`, `evidence.py` | what a release does, and for which the code was written |
| `rule.py`, `rules/`, `paths.py`, `metrics.py` | what is wrong with a place, one rule a file |
| `checker.py`, `findings.py` | all of it together |
| `settings.py`, `output.py`, `pages.py` | settings, what is printed, the pages of the rules |

No code is run and no Keras imported.
"""
