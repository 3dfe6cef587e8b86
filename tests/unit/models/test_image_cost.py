"""What a training of an image model costs, against products counted one by one."""

import numpy as np
import pytest

from explorer_page import model_settings, model_weights
from latentlab.models.image_cost import multiply_adds


@pytest.mark.parametrize(("model", "heads"), [("vae", 4), ("autoencoder", 2)])
def test_each_layer_multiplies_three_times_the_first_one_twice(model, heads):
    settings = model_settings(model=model, encoder_layers=(5, 3), decoder_layers=(6,))
    layers = [49 * 5, 5 * 3, 3 * heads, 2 * 6, 6 * 49]
    cost = multiply_adds(settings, model_weights(settings, 49, 0), 49)
    assert cost == 3 * sum(layers) - layers[0]


def test_a_model_without_hidden_layers_hands_no_error_back_from_its_heads():
    settings = model_settings(encoder_layers=(), decoder_layers=())
    cost = multiply_adds(settings, model_weights(settings, 49, 0), 49)
    assert cost == 2 * 49 * 4 + 3 * 2 * 49


def test_a_convolution_multiplies_at_every_place_of_its_window():
    window = {"kernel": 4, "stride": 2}
    settings = model_settings(
        encoder_layers=({"filters": 3, **window}, {"filters": 5, **window}),
        decoder_layers=({"filters": 5, **window}, {"filters": 3, **window}),
    )
    weights = model_weights(model_settings(decoder_layers=settings.decoder_layers), 64, 0)
    weights |= {
        "encoder/convolution_0/kernel": np.zeros((4, 4, 1, 3)),
        "encoder/convolution_1/kernel": np.zeros((4, 4, 3, 5)),
        "encoder/mean/kernel": np.zeros((2 * 2 * 5, 2)),
        "encoder/log_variance/kernel": np.zeros((2 * 2 * 5, 2)),
    }
    first = 16 * 3 * 4**2  # images of 8 x 8 pixels become 4 x 4
    layers = [first, 16 * 3 * 5 * 2**2, 20 * 4]
    layers += [2 * 20, 16 * 5 * 3 * 2**2, 16 * 3 * 4**2]  # and back
    assert multiply_adds(settings, weights, 64) == 3 * sum(layers) - first
