"""Modules of layers that encode, and of layers that decode."""

from __future__ import annotations

from torch import nn

from ._activations import ACTIVATIONS

__all__ = ["LayeredAutoencoder"]


class LayeredAutoencoder(nn.Module):
    """Base class of the package's own autoencoders.

    Each layer takes flat rows and returns flat rows. A subclass sets the attributes in
    its ``__init__``.

    Attributes
    ----------
    encoder, decoder : torch.nn.ModuleList
        The layers; the last ones give what the activation of the code takes, and the
        output.

    activation, code_activation : str
        Keys of :data:`ACTIVATIONS`, of the hidden layers and of the code.

    dropout : Dropout or None
        It acts on the hidden layers, or on the code where there are none.
    """

    def reset_parameters(self, generator=None):
        """Draw all weights anew; biases start at zero.

        Parameters
        ----------
        generator : torch.Generator, default=None
            Where they come from. None draws from torch's global generator.
        """
        # Smaller than He's and Glorot's variances, for rectifiers too: weights that
        # start small restored held-out rows best.
        for layer in (*self.encoder, *self.decoder):
            layer.reset_parameters(generator)

    def expand(self, X):
        """Return what the first layer takes of rows.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        inputs : Tensor of shape (n_samples, n_inputs)
            The rows themselves, here.
        """
        return X

    def encode(self, X):
        """Return the code of rows.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows without missing values.

        Returns
        -------
        code : Tensor of shape (n_samples, n_components)
            Their code.
        """
        return self.to_code(self.before_code(X))

    def before_code(self, X):
        """Return what the layer of the code takes.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows without missing values.

        Returns
        -------
        inputs : Tensor of shape (n_samples, n_inputs)
            The last hidden layer of the encoder; the rows where there is none.
        """
        X = self.expand(X)
        hidden = self._hidden(X, self.encoder)
        return hidden[-1] if hidden else X

    def to_code(self, inputs):
        """Return the code, given what its layer takes.

        Parameters
        ----------
        inputs : Tensor of shape (n_samples, n_inputs)
            Result of :meth:`before_code`.

        Returns
        -------
        code : Tensor of shape (n_samples, n_components)
            The code.
        """
        code = ACTIVATIONS[self.code_activation](self.encoder[-1](inputs))
        if self.dropout is not None and len(self.encoder) == 1:
            code = self.dropout(code)
        return code

    def decode(self, code):
        """Return the output for codes.

        Parameters
        ----------
        code : Tensor of shape (n_samples, n_components)
            Codes.

        Returns
        -------
        output : Tensor of shape (n_samples, n_outputs)
            Output for the loss.
        """
        return self.decoder[-1](self.before_output(code))

    def before_output(self, code):
        """Return what the last layer takes.

        Parameters
        ----------
        code : Tensor of shape (n_samples, n_components)
            Codes.

        Returns
        -------
        inputs : Tensor of shape (n_samples, n_inputs)
            The last hidden layer of the decoder; the codes where there is none.
        """
        hidden = self._hidden(code, self.decoder)
        return hidden[-1] if hidden else code

    def forward(self, X):
        """Return ``decode(encode(X))``."""
        return self.decode(self.encode(X))

    def hidden_layers(self, X):
        """Return all activations between the input and the output.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows without missing values.

        Returns
        -------
        encoder : list of Tensor of shape (n_samples, hidden_layer_size)
            The encoder's hidden layers, from the input on.

        code : Tensor of shape (n_samples, n_components)
            The code.

        decoder : list of Tensor of shape (n_samples, hidden_layer_size)
            The decoder's hidden layers, from the code on.
        """
        X = self.expand(X)
        encoder = self._hidden(X, self.encoder)
        code = self.to_code(encoder[-1] if encoder else X)
        return encoder, code, self._hidden(code, self.decoder)

    def hidden_activations(self):
        """Return the names of the activations between the input and the output.

        Returns
        -------
        names : list of str
            Those of the encoder's hidden layers, of the code, and of the decoder's.
        """
        hidden = [self.activation] * (len(self.encoder) - 1)
        return [*hidden, self.code_activation, *hidden]

    def dropped_layers(self):
        """Return the indices, among those activations, of the ones dropout acts on.

        Returns
        -------
        indices : list of int
            The hidden layers, or the code where there are none.
        """
        n_hidden = len(self.encoder) - 1
        if not n_hidden:
            return [0]
        return [i for i in range(2 * n_hidden + 1) if i != n_hidden]

    def _hidden(self, h, layers):
        activation = ACTIVATIONS[self.activation]
        hidden = []
        for layer in layers[:-1]:
            h = activation(layer(h))
            if self.dropout is not None:
                h = self.dropout(h)
            hidden.append(h)
        return hidden
