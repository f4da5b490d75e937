"""Networks: backbones, upsampling, the Pose Propagation Unit, and PPN."""
