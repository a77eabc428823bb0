"""An encoder-decoder for sequences of unequal lengths (Sutskever et al. 2014), on a translation small enough to see."""
