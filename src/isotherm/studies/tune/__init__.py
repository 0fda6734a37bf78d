"""Settings of training chosen by walks forward."""
