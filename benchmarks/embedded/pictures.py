"""Pictures that belong to no domain of the embedded model: blank, noise, natural scenes."""
import pathlib

import numpy as np
from PIL import Image

SIDE = 128


def write(folder, pictures):
    folder.mkdir(parents=True, exist_ok=True)
    for i, picture in enumerate(pictures):
        Image.fromarray(picture.astype(np.uint8)).save(folder / f"p{i:04}.png")


def blank(folder, n):
    """One colour each; every other one is grey."""
    numbers = np.random.default_rng(1)
    write(folder, (np.ones((SIDE, SIDE, 3)) * numbers.integers(0, 256, 3 if i % 2 else 1) for i in range(n)))
    return True


def noise(folder, n):
    """Gaussian noise around a grey level, uniform noise in every fourth."""
    numbers = np.random.default_rng(2)

    def draw(i):
        if i % 4 == 0:
            return numbers.integers(0, 256, (SIDE, SIDE, 3))
        spread = numbers.normal(numbers.uniform(0, 200), numbers.uniform(3, 60), (SIDE, SIDE, 3))
        return np.clip(spread, 0, 255)
    write(folder, map(draw, range(n)))
    return True


def leaves(folder, n):
    """Dead leaves: discs of random colour that cover each other, radii with density 1 / r^3, which
    have the statistics of natural scenes (Lee, Mumford & Huang 2001, Int. J. Comput. Vis. 41, 35)."""
    numbers = np.random.default_rng(3)
    y, x = np.mgrid[:SIDE, :SIDE]

    def draw(_):
        picture = np.zeros((SIDE, SIDE, 3))
        bare = np.ones((SIDE, SIDE), bool)
        for _ in range(4000):
            if not bare.any():
                break
            radius = 3 / np.sqrt(1 - numbers.random() * (1 - (3 / SIDE) ** 2))
            cx, cy = numbers.uniform(-radius, SIDE + radius, 2)
            leaf = bare & ((x - cx) ** 2 + (y - cy) ** 2 < radius ** 2)
            picture[leaf] = numbers.integers(0, 256, 3)
            bare &= ~leaf
        return picture
    write(folder, map(draw, range(n)))
    return True


def photographs(folder, n):
    """Cuts from the two photographs that come with scikit-learn; False without it."""
    try:
        import sklearn
    except ImportError:
        return False
    files = sorted((pathlib.Path(sklearn.__file__).parent / "datasets/images").glob("*.jpg"))
    photos = [np.asarray(Image.open(file).convert("RGB")) for file in files]
    numbers = np.random.default_rng(4)

    def draw(i):
        photo = photos[i % len(photos)]
        side = int(numbers.integers(SIDE, min(photo.shape[:2])))
        top, left = (int(numbers.integers(0, length - side)) for length in photo.shape[:2])
        return photo[top:top + side, left:left + side]
    if photos:
        write(folder, map(draw, range(n)))
    return bool(photos)


FOREIGN = {"blank": blank, "noise": noise, "dead leaves (statistics of natural scenes)": leaves,
           "photographs": photographs}
