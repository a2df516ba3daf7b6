"""The empty stand-ins for TensorFlow: enough to define classes from, and only where asked for."""

import subprocess
import sys
from pathlib import Path

NLU = Path(__file__).resolve().parent.parent

_SCRIPT = """
import sys
sys.path.insert(0, {nlu!r})
from hosting import lean
lean.leave_tensorflow_out(training=False)
import tensorflow as tf
import tensorflow.keras.layers
from keras.models import Model
from sklearn.model_selection import train_test_split

class Layer(tf.keras.layers.Layer):
    @tf.function
    def call(self, x: tf.Tensor) -> tf.Tensor:
        return x

assert issubclass(Layer, tensorflow.keras.layers.Layer)
assert not isinstance(1, tf.Tensor)
assert not hasattr(tf, "__wrapped__")
import numpy, threadpoolctl
from rasa.core.agent import Agent
from rasa.core.policies.rule_policy import RulePolicy
assert not hasattr(numpy, "no_such_thing")
real = [name for name, module in sys.modules.items()
        if name.split(".")[0] == "tensorflow" and getattr(module, "__file__", None)]
assert not real, real[:3]
print("fine")
"""


def test_rasa_can_be_imported_without_tensorflow() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _SCRIPT.format(nlu=str(NLU))],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.stdout.endswith("fine\n"), ended.stderr[-2000:]
