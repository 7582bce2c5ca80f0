"""Models that have been trained, and what they predict."""

import pytest

from keras_ckpt import runtime

if runtime.is_keras_3():
    import models

    @pytest.fixture(scope="module", params=list(models.MODELS))
    def case(request):
        model = models.trained(request.param)
        return request.param, model, models.predictions(model, request.param)

    @pytest.fixture(scope="module")
    def mlp():
        return models.trained("mlp")
