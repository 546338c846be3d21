"""Studies as files: what is trained, under which names, and what is refused."""

import pytest

from core.config import OptionError
from core.noise import Noise
from core.studies import plan

FILE = """
dataset = "mnist-5k"
arch = "dense"
epochs = 3
excluded_classes = ["5", "9"]
[grid]
noise_kind = ["gaussian", "masking"]
noise_std = [0.0, 0.3]
latent_dim = [2, 8]
seed = [0, 1]
[test]
noise_std = [0.0, 0.2]
"""


def test_grid_is_every_combination_and_equal_trainings_are_one() -> None:
    study = plan.read(FILE, "kinds")
    found = {(m.config.noise, m.latent_dim, m.config.seed) for m in study.models}
    noises = (Noise(), Noise("gaussian", 0.3), Noise("masking", 0.3))
    assert found == {(noise, k, seed) for noise in noises for k in (2, 8) for seed in (0, 1)}
    assert len(study.models) == 12  # noise of no amount has no kind
    assert {m.config.exclude_classes for m in study.models} == {("5", "9")}
    assert len({m.name for m in study.models}) == 12
    assert study.models[0].name.startswith("kinds-dense-2-")


def test_list_of_models_is_combined_with_the_grid_and_pca_has_no_noise() -> None:
    study = plan.read(
        'dataset = "mnist-5k"\nnoise_std = 0.2\n[grid]\nlatent_dim = [2, 4]\n'
        '[[models]]\narch = "pca"\n[[models]]\narch = "dense"\nwidths = [16]\nn_train = 100\n'
    )
    told = [(m.config.arch, m.latent_dim, m.config.n_train, bool(m.config.noise))
            for m in study.models]  # fmt: skip
    assert told == [("pca", 2, None, False), ("pca", 4, None, False),
                    ("dense", 2, 100, True), ("dense", 4, 100, True)]  # fmt: skip


def test_names_stay_when_the_file_grows_and_older_spellings_mean_the_same() -> None:
    before = plan.read('dataset = "shapes"\narch = "pca"\n[grid]\nlatent_dim = [2]\n')
    after = plan.read('data = "shapes"\narchitecture = "pca"\n[grid]\nlatent_dim = [4, 2]\n')
    assert before.models[0] in after.models
    assert plan.read(FILE.replace("excluded_classes", "exclude_classes")).models == (
        plan.read(FILE).models
    )


def test_tests_name_their_noise_or_take_that_of_the_model() -> None:
    tests = plan.read(FILE).tests
    assert tests.of(Noise("masking", 0.3)) == {"masking": (Noise("masking", 0.2),)}
    more = plan.read(FILE + 'noise_kind = ["trained", "speckle"]\n').tests
    assert list(more.of(Noise("speckle", 0.1))) == ["speckle"]
    assert list(more.of(Noise())) == ["gaussian", "speckle"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dataset =", "not a TOML file"),
        ('arch = "pca"', "says dataset of every model"),
        ('dataset = "shapes"\narch = "pca"\nlatent_dims = 2', "did you mean latent_dim?"),
        ('dataset = "shapes"\narch = "pca"\n[grid]\nseed = 3', r"grid.seed must be a list"),
        ('dataset = "shapes"\narch = "pca"\nwidths = [3]', "pca has no option widths"),
        ('dataset = "shapes"\narch = "dense"\nlr = 0.1\nlearning_rate = 0.1', "given twice"),
        ('dataset = "shapes"\narch = "dense"\n[grid]\nepochs = [0]', "Epochs must be"),
        ('dataset = "shapes"\narch = "pca"\n[test]\nnoise_kind = "rain"', "test.noise_kind"),
        ('dataset = "shapes"\narch = "pca"\n[figure]\nz = "mse"', "figure has no setting z"),
        ('name = "../up"\ndataset = "shapes"\narch = "pca"', "cannot be a name"),
        ('dataset = "shapes"\narch = "pca"\n[grid]\nseed = [1, 2]\n[[models]]\nseed = 3', "seed"),
    ],
)
def test_mistake_in_a_file_is_one_sentence(text: str, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        plan.read(text)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('dataset = "nowhere"', "no data set"),
        ('dataset = "mnist-5k"\nexcluded_classes = ["x"]', "no class 'x'"),
        ('dataset = "kmnist"', "fetch"),
    ],
)
def test_what_cannot_be_trained_is_told_before_anything_is(line: str, said: str) -> None:
    with pytest.raises(Exception, match=said):
        plan.check_here(plan.read(f'{line}\narch = "pca"'))
