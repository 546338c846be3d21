"""The pages and their views: registered here and nowhere else.

The menu, the controls that choose a view, the walks of browser tests, the tests of links and
docs/links.md go through what stands here; a page must say how each of its views is drawn. It
imports nothing that takes time: the server needs it before the first page.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
ICON = re.compile(r":material/\w+: ")


@dataclass(frozen=True)
class View:
    """One view of a page.

    name: in the link.  title: on the control, as Markdown.  about: what it shows, a phrase.
    """

    name: str
    title: str
    about: str


@dataclass(frozen=True)
class Views:
    """The views of a page, of which one is shown: the first to begin with.

    key: in the link.  label: of the control.
    """

    key: str
    label: str
    views: tuple[View, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """In the order of the control."""
        return tuple(view.name for view in self.views)

    def titles(self) -> dict[str, str]:
        """Labels on the control, by name."""
        return {view.name: view.title for view in self.views}

    def help(self) -> str:
        """Tooltip of the control."""
        words = ((ICON.sub("", view.title), view.about) for view in self.views)
        return "; ".join(f"**{title}**: {about}" for title, about in words)

    def each(self, drawn: Mapping[str, T]) -> Mapping[str, T]:
        """Check and return drawing functions by name; ValueError if one is missing or unknown."""
        if wrong := set(self.names) ^ drawn.keys():
            raise ValueError(f"{self.key}: {', '.join(sorted(wrong))} is not drawn or is no view")
        return drawn

    def open(self, name: str) -> dict[str, str]:
        """The parameter of a link that opens the view."""
        if name not in self.names:
            raise ValueError(f"{self.key} has no view {name}")
        return {self.key: name}


@dataclass(frozen=True)
class Page:
    """name: of its file in pages/, and its path; the first one opens without a path."""

    name: str
    title: str
    icon: str
    views: tuple[Views, ...] = ()

    @property
    def file(self) -> str:
        """Its file, from the project's folder."""
        return f"pages/{self.name}.py"

    @property
    def path(self) -> str:
        """Path of its address."""
        return "/" if self is PAGES[0] else f"/{self.name}"


LEARN = Views(
    "step",
    "Step",
    (
        View("1", "An encoder and a decoder", "an image becomes a few numbers and comes back"),
        View("2", "The linear autoencoder is PCA", "what a network without bends learns"),
        View("3", "Hidden layers improve on PCA", "what hidden layers gain over PCA"),
        View("4", "Unusual images have large errors", "the error as a score of outliers"),
        View("5", "Which code size is robust to noise?", "a small code and a large one"),
        View("6", "Denoising autoencoders", "training with noise on the input"),
        View("7", "Convolutional codes preserve positions", "maps of features instead of numbers"),
        View("wrong", "Common failures", "four examples"),
    ),
)
LATENT = Views(
    "section",
    "Below the map",
    (
        View("selected", ":material/lasso_select: Selected images", "what was chosen on the map"),
        View("between", ":material/linear_scale: Walk between two", "from one code to another"),
        View(
            "along",
            ":material/open_in_full: Travel along a direction",
            "codes moved along one direction",
        ),
        View("numbers", ":material/table: Numbers", "how the codes of each class lie together"),
    ),
)
OUTLIERS = Views(
    "section_outliers",
    "Show",
    (
        View("flagged", ":material/flag: Flagged", "images above the threshold"),
        View("review", ":material/fact_check: Review", "decide on one image after the other"),
        View("truth", ":material/science: Against the truth", "where outliers are known"),
        View("classes", ":material/category: By class", "the scores of each class"),
    ),
)
ROBUSTNESS = Views(
    "robust_view",
    "View",
    (
        View("Curves", "Curves", "error against noise"),
        View("Wall", "Wall", "the same images through every model"),
        View("Copying", "Copying", "images unlike any in training"),
        View("Size", "Size", "error against D', the numbers in the code"),
        View("Models", "Models", "a table to choose from"),
        View("Studies", "Studies", "many models trained from one file, and compared"),
    ),
)
YOUR_IMAGES = Views(
    "your",
    "What to do",
    (
        View("look", "Look at images", "single images through the models"),
        View("odd", "Find the odd ones", "of a folder, without a model"),
        View("sets", "Make a data set", "of many images"),
        View("downloads", "Public data sets", "fetch one"),
        View("models", "Models", "rename, delete, take in"),
    ),
)
WAYS = Views(
    "way",
    "Add images",
    (
        View("files", "Files or archive", "images, or archives of images"),
        View("folder", "Folder", "every image in it and in those below it"),
        View("camera", "Camera", "a photograph"),
        View("draw", "Draw", "a drawing of your own"),
    ),
)
PAGES = (
    Page("reconstruct", "Reconstruct", ":material/compare:"),
    Page("learn", "Learn", ":material/school:", (LEARN,)),
    Page("latent", "Latent space", ":material/scatter_plot:", (LATENT,)),
    Page("outliers", "Outliers", ":material/flag:", (OUTLIERS,)),
    Page("robustness", "Robustness", ":material/show_chart:", (ROBUSTNESS,)),
    Page("your_images", "Your images", ":material/add_photo_alternate:", (YOUR_IMAGES, WAYS)),
    Page("train", "Train", ":material/model_training:"),
)
