"""Every name that a link can have, and what it says: registered here and nowhere else.

What is missing here cannot be part of a link: state.py refuses it. The tests of links and
docs/links.md go through these names.
"""

from collections.abc import Mapping

from core.models import ARCHITECTURES, ArchSpec
from core.noise import Noise
from core.settings import THREADS, Option, TrainSettings, settings_of
from pages.ui.session.registry import PAGES


def architecture_key(spec: ArchSpec, option: Option) -> str:
    """The name of an architecture's option on the Train page."""
    return f"train_{spec.name}_{option.name}"


_OF_ALL = {
    "dataset": "the data set",
    "split": "which part of it: training or test images",
    "model": "the checkpoint",
    "selected": "the selected images, up to 40",
    "shuffle": "which draw of the images; 0 = the classes in turn",
    "noise": "the kind of noise",
    "sigma": "how much noise, 0 to 1",
    "mu": "the mean of the noise",
    "clip": "whether noisy pixels are clipped to 0 to 1",
    "seed": "the seed of the noise",
    "highlight": "which classes have a colour, where there are too many for all",
}
_OF_RECONSTRUCT = {
    "compare": "models beside the chosen one",
    "n": "images side by side",
    "classes": "only images of these classes",
}
_OF_LEARN = {
    "digit": "the digit that is put in",
    "nth": "which image of that digit",
    "squeeze": "where the slider of step 1 stands",
    "linear": "where the slider of step 2 stands",
    "deeper": "where the slider of step 3 stands",
    "fed": "the images that were put in, step 4",
    "output": "linear or bounded outputs, step 5",
    "denoisers": "which networks, step 6",
    "pictures": "which pictures, step 7",
    "convolve_mnist-5k": "where the slider of step 7 stands, for digits",
    "convolve_shapes": "where the slider of step 7 stands, for shapes",
    "card": "which example of what goes wrong",
    "strangers": "which images a copying network is given",
    "hidden": "which outliers are hidden",
    "mismatch": "which network meets other noise",
    "polluted": "which digits are among the training images",
}
_OF_LATENT = {
    "map": "how codes are projected to two dimensions",
    "points": "how many images are on the map",
    "sample": "the seed of the sample and of the map",
    "rings": "whether the other part's images are on the map",
    "groups": "which classes are on the map",
    "colour": "what the colours say",
    "versus": "a second model beside the first",
    "drag": "what dragging on the map does",
    "selected_order": "the order of the selected images",
    "walk_from": "the image that a walk begins with",
    "walk_to": "the image that it ends with",
    "walk_at": "where the slider of the walk stands",
    "direction": "the direction of a travel",
    "along_at": "where the slider of the travel stands",
    "plane_at": "the place that is pinned on the plane",
}
_OF_OUTLIERS = {
    "score": "the score",
    "threshold": "how the threshold is chosen",
    "measured_on": "on which images",
    "share": "percent of the images above the threshold",
    "rate": "the promised rate of false alarms",
    "false_finds": "percent of the flagged images that may be usual",
    "z": "robust deviations above the median",
    "truth": "what is known of the images",
    "outlier_classes": "the classes that count as outliers",
    "plant": "what is planted among the images",
    "plant_percent": "how many are planted, per 100 images",
    "plant_seed": "the seed of the planting",
    "log_counts": "whether the counts are on a logarithmic axis",
    "log_scores": "whether the scores are",
    "by_class": "whether the histogram tells classes apart",
    "outliers_shown": "which images are listed",
    "fact": "only images with this property",
    "flagged_page": "which page of the list",
    "opacity": "how strong the overlay of errors is",
    "queue": "which images are reviewed",
    "reviewer": "the reviewer's name",
    "at": "the image that a review is at",
    "class_shown": "the class whose images are shown",
}
_OF_ROBUSTNESS = {
    "models": "the models compared",
    "metric": "what is measured",
    "measured": "on how many images",
    "draws": "draws of the noise",
    "levels": "amounts of noise",
    "band": "what the band around a curve shows",
    "log": "whether the MSE is on a logarithmic axis",
    "wall": "images on the wall",
    "copying": "shares that come back, or errors",
    "architectures": "only models of these architectures",
    "trained_noise": "only models trained with, or without, noise",
    "ticked_models": "the rows that are ticked",
    "trained_on": "the data set whose models are compared by size",
    "size_families": "families to train",
    "size_latent_dims": "sizes to train",
    "study": "the study that is shown",
    "study_metric": "the metric that its figure shows",
}
_OF_YOUR_IMAGES = {
    "import": "the import of images whose progress or report is shown",
    "from": "where the images of a new data set come from",
    "managed_model": "the model whose facts are shown",
}
_OF_TRAIN = {
    "run": "the run that is shown",
    "epoch": "where the slider over the epochs stands",
    "train_log": "whether losses are on a logarithmic axis",
    "compared_runs": "the runs that are compared",
    "train_preset": "the preset",
    "train_dataset": "the data set to train on",
    "train_without": "classes that are left out",
    "train_arch": "the architecture",
}
_OF_SETTINGS = {
    setting.key: setting.explanation
    for setting in (*settings_of(TrainSettings), *settings_of(Noise), THREADS)
}
_OF_ARCHITECTURES = {
    architecture_key(spec, option): f"{option.explanation}, of {spec.name}"
    for spec in ARCHITECTURES
    for option in spec.options
}
_OF_VIEWS = {
    views.key: f"the view of {page.title}: {', '.join(views.names)}"
    for page in PAGES
    for views in page.views
}
FAMILIES = {"fixed_": "the threshold on the scale of that score"}  # names that begin so
LINK_NAMES: Mapping[str, str] = {
    **_OF_ALL,
    **_OF_VIEWS,
    **_OF_RECONSTRUCT,
    **_OF_LEARN,
    **_OF_LATENT,
    **_OF_OUTLIERS,
    **_OF_ROBUSTNESS,
    **_OF_YOUR_IMAGES,
    **_OF_TRAIN,
    **_OF_SETTINGS,
    **_OF_ARCHITECTURES,
}


def is_link_name(name: str) -> bool:
    """Whether a link can have that name."""
    return name in LINK_NAMES or name.startswith(tuple(FAMILIES))
