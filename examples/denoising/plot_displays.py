"""
==================================
Look at losses and reconstructions
==================================

Two displays for a fitted autoencoder: what it makes of corrupted rows, and how its loss
went.
"""

# %%
# A model of handwritten digits, trained to undo salt-and-pepper noise. The pixels all
# have the same range, so the extremes are those of the data, not those of each pixel.

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from sk_dae import DenoisingAutoencoder, SaltAndPepperNoise
from sk_dae.plotting import LossCurveDisplay, ReconstructionDisplay

X = load_digits().data / 16
X_train, X_test = X[:1500], X[1500:]
dae = DenoisingAutoencoder(
    corruption=SaltAndPepperNoise(0.3, extremes="data"),
    loss="binary_cross_entropy",
    early_stopping=True,
    n_iter_no_change=30,
    max_iter=60,
    random_state=0,
).fit(X_train)

# %%
# Reconstructions
# ---------------
# The display corrupts rows with the process that the model was trained with. These rows
# were not in its training set.

ReconstructionDisplay.from_estimator(
    dae, X_test, image_shape=(8, 8), n_samples=10, cmap="gray_r"
)

# %%
# Losses
# ------
# With early stopping, some of the training rows are set aside. Their loss is measured
# on the same corruption after every pass, and the weights of the best pass are kept.
# The training loss of a pass is the mean over its batches, each measured before its
# step.

LossCurveDisplay.from_estimator(dae, log_scale=False)

# %%
# Rows that are no images
# -----------------------
# Without an image shape a row is drawn as a line. Any corruption can be asked for, here
# one that the model has not been trained to undo.

display = ReconstructionDisplay.from_estimator(
    dae, X_test, corruption="gaussian", noise_level=0.2, n_samples=3
)
display.figure_.set_size_inches(9, 5.4)
plt.show()
