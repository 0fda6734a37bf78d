"""Active inference: infer hidden states, plan by expected free energy, act, learn the model."""
