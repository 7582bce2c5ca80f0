"""Methods of the same names: of models of Keras, and of what may be none."""
# As people write it.
# ruff: noqa
# fmt: off

import keras
import tensorflow as tf
import torch
from models import Darknet, get_net
from nets.unet import build_unet
from rl.agents.dqn import DQNAgent

model = Darknet("config/yolov3.cfg").to("cpu")
model.load_weights("weights/yolov3.weights")
net = get_net()
net.load_weights("runs/best.pth")
net.save_weights("runs/last")
net.save_weights("runs/last.npz", overwrite=True)

policy = keras.models.Sequential()
policy.add(keras.layers.Dense(2))
agent = DQNAgent(model=policy, nb_actions=2)
agent.compile("adam", metrics=["mae"])
agent.fit(env, nb_steps=50000)
agent.save_weights("dqn_{}_weights.h5f".format(name), overwrite=True)
agent.load_weights("dqn_weights.h5f")
policy.save_weights("policy.h5f")  # expect: KC604

# A function of the project beside makes a model of Keras, by what its files are called.
unet = build_unet()
unet.load_weights("training_1/cp.ckpt")  # expect: KC601
unet.load_weights("training_1/cp.ckpt-40")  # expect: KC601
unet.save_weights("unet.h5")  # expect: KC604
unet.save_weights("checkpoints/epoch_{}".format(1))  # expect: KC604
unet.save_weights(path, save_format="tf")  # expect: KC605
unet.load_weights(path, options=options)  # expect: KC605
unet.load_weights("model.zip")  # expect: KC601

trained = build_unet()
trained.compile("adam", "mse")
trained.load_weights("results/model")  # expect: KC601
trained.load_weights("results/model.bin")


def restore(network, path="yolo.weights"):
    network.load_weights("yolo.weights")
    network.load_weights("results/yolo")  # expect: KC601


class Net(tf.keras.Model):
    def restore(self):
        self.load_weights("net.bin")  # expect: KC601


class Torch(torch.nn.Module):
    def restore(self):
        self.load_weights("results/net")


Net().load_weights("net.weights")  # expect: KC601
backbone = tf.keras.applications.VGG16()
backbone.load_weights("vgg.npz")  # expect: KC601


class Detector:
    def __init__(self):
        self.net = get_net()
        self.made = keras.models.Sequential()

    def restore(self):
        self.net.load_weights("results/net")
        self.net.load_weights("net.weights.h5")
        self.made.load_weights("results/net")  # expect: KC601
