"""Where the public sets are fetched from: torchvision's own lists of addresses and checksums."""

import os

from core.data.downloads import Resource

CIFAR_ARCHIVE = "cifar-10-binary.tar.gz"  # torchvision's own is pickled, so this one instead
CIFAR_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
SIZES = {
    "mnist": (9_912_422, 28_881, 1_648_877, 4_542),
    "fashion-mnist": (26_421_880, 29_515, 4_422_102, 5_148),
    "kmnist": (18_165_135, 29_497, 3_041_136, 5_120),
    "cifar10": (170_052_171,),
    "svhn": (182_040_794, 64_275_384),
}


def megabytes(dataset_id: str) -> float:
    """How much a download of a public set is."""
    return sum(SIZES[dataset_id]) / 1e6


def resources(dataset_id: str) -> tuple[Resource, ...]:
    """The files of a public set.

    HOURGLASS_MIRROR, if set, is asked instead of the sets' homes: MIRROR/fashion-mnist/FILE.
    """
    return tuple(
        Resource(filename, md5, _addresses(dataset_id, filename, bases), size)
        for (filename, md5, bases), size in zip(
            _published(dataset_id), SIZES[dataset_id], strict=True
        )
    )


def _addresses(dataset_id: str, filename: str, bases: list[str]) -> tuple[str, ...]:
    mirror = os.environ.get("HOURGLASS_MIRROR")
    homes = [f"{mirror.rstrip('/')}/{dataset_id}/"] if mirror else bases
    return tuple(home + filename for home in homes)


def _published(dataset_id: str) -> list[tuple[str, str, list[str]]]:
    """(file name, md5, addresses of its folder) of each file."""
    from torchvision import datasets  # seconds, and only a download needs it

    if dataset_id == "cifar10":
        return [(CIFAR_ARCHIVE, CIFAR_MD5, [_folder(datasets.CIFAR10.url)])]
    if dataset_id == "svhn":
        files = [datasets.SVHN.split_list[split] for split in ("train", "test")]
        return [(filename, md5, [_folder(url)]) for url, filename, md5 in files]
    family = {
        "mnist": datasets.MNIST,
        "fashion-mnist": datasets.FashionMNIST,
        "kmnist": datasets.KMNIST,
    }[dataset_id]
    return [(filename, md5, list(family.mirrors)) for filename, md5 in family.resources]


def _folder(url: str) -> str:
    return url.rpartition("/")[0] + "/"
