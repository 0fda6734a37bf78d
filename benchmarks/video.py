"""The headline video from nothing to file: how long sampling, drawing and encoding take, and how much memory.

Usage: python benchmarks/video.py [h265|h264|vp9 ...] [--frames=N]

Sampling and drawing are timed alone first, then everything together, compilation included, as the verb runs it.
The targets for 1,200 frames on two idle cores: H.265 within 180 s, H.264 within 90 s, of which sampling and drawing
at most 15 s, and under 1.5 GB.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

from isotherm.pictures.lattice.config import VideoConfig, build_config
from isotherm.pictures.lattice.film import make_video
from isotherm.pictures.lattice.physics import build_model
from isotherm.pictures.lattice.record import Instant
from isotherm.pictures.lattice.sampling import sampled
from isotherm.pictures.lattice.scene import Scene
from isotherm.plot.movie.codecs import CODECS

try:
    from benchmarks.stopwatch import machine
except ImportError:
    from stopwatch import machine


def main(codecs: list[str], frames: int) -> None:
    print(machine())
    config = build_config("xy-massive", {}, {"frames": frames})
    first, sampling, drawing = apart(config)
    print(
        f"sampling {sampling:7.1f} s   {1e3 * sampling / frames:6.2f} ms a frame (compilation {first:.1f} s more)"
    )
    print(f"drawing  {drawing:7.1f} s   {1e3 * drawing / frames:6.2f} ms a frame")
    for codec in codecs:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"film{CODECS[codec].suffix}"
            quality = 15 if codec != "vp9" else None
            built = build_config("xy-massive", {}, {"frames": frames, "codec": codec, "quality": quality})
            begun = time.process_time()
            report = make_video(built, path)
            busy = time.process_time() - begun
            print(
                f"{codec:5s}    {report.seconds:7.1f} s   {frames / report.seconds:6.1f} frames/s,"
                f" {report.num_bytes / 1e6:.0f} MB, {busy:.0f} s of processor time"
            )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory {peak:.2f} GB")


def apart(config: VideoConfig) -> tuple[float, float, float]:
    """Seconds of compilation, of sampling all frames, and of drawing them."""
    model, seconds = build_model(config), []
    for _ in range(2):
        begun = time.perf_counter()
        for _ in sampled(config, model):
            pass
        seconds.append(time.perf_counter() - begun)
    scene, index, drawing = Scene(config), 0, 0.0
    for seen in sampled(config, model):
        for i in range(len(seen.energy)):
            counts = (int(seen.counts[i, 0]), int(seen.counts[i, 1]))
            now = Instant(
                index, seen.values[i], float(seen.energy[i]), float(seen.order[i]), seen.charges[i], counts
            )
            begun = time.perf_counter()
            scene.draw(now)
            drawing += time.perf_counter() - begun
            index += 1
    return seconds[0] - seconds[1], seconds[1], drawing


if __name__ == "__main__":
    flags = [word for word in sys.argv[1:] if word.startswith("--frames=")]
    names = [word for word in sys.argv[1:] if not word.startswith("--")]
    main(names or ["h265", "h264"], int(flags[0].partition("=")[2]) if flags else 1200)
