"""Small data sets to learn and test with: ``ft.keras.datasets``."""

from freshet.keras.datasets import cifar10 as cifar10
from freshet.keras.datasets import digits as digits
from freshet.keras.datasets import fashion_mnist as fashion_mnist
from freshet.keras.datasets import mnist as mnist
