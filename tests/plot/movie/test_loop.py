"""Films in memory: their frames, their colours, their time."""

import io

import numpy as np
from PIL import Image

from isotherm.plot.movie import loop
from isotherm.plot.movie.loop import looping_gif


def test_frames_become_a_looping_film_in_their_own_colours() -> None:
    colours = np.array([[20, 40, 200], [200, 60, 20], [250, 250, 250]], np.uint8)
    frames = [np.broadcast_to(colours[at], (16, 24, 3)).copy() for at in (0, 1, 2)]
    frames[1][8:, 12:] = colours[0]
    film = Image.open(io.BytesIO(looping_gif(frames, 120)))
    assert (film.size, film.n_frames, film.info["loop"]) == ((24, 16), 3, 0)
    for at, wanted in enumerate(frames):
        film.seek(at)
        assert film.info["duration"] == 120
        shown = np.asarray(film.convert("RGB")).astype(int)
        assert np.abs(shown - wanted).max() <= 8, "five bits a channel"


def test_each_colour_goes_to_the_nearest_of_the_palette() -> None:
    palette = Image.new("P", (1, 1))
    colours = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]])
    palette.putpalette([int(value) for value in colours.ravel()])
    table = loop._lookup(palette)
    assert table.shape == (32768,)
    for red, green, blue in ((31, 0, 0), (0, 31, 0), (0, 0, 31), (3, 2, 4), (28, 30, 29)):
        five = 8 * np.array([red, green, blue]) + 4
        nearest = np.abs(colours - five).sum(1).argmin()
        shown = palette.getpalette()[3 * table[(red << 10) | (green << 5) | blue] :][:3]
        assert shown == list(colours[nearest])
