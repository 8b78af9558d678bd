"""What the experts know: model files, checked, as numbers and as the network they stand for."""
