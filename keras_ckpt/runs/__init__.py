"""What a run of training leaves, as data: no Keras and no files."""
