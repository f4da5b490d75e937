"""Layers: deformable convolution, upsampling, batch normalization."""
