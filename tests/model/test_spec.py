"""Specifications: those that ship, and what a faulty file is told."""

from pathlib import Path

import pytest

from bayes_frontier.errors import SpecError
from bayes_frontier.model.spec import Likelihood, ModelSpec, Priors, available_models, models_dir, read_spec


@pytest.fixture
def refused(tmp_path):
    """Write a specification and return what its reader says, without the path it starts with."""

    def _refused(text: str) -> str:
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SpecError) as caught:
            read_spec(path)
        message = str(caught.value)
        assert message.startswith(f"{path}: ")
        return message.removeprefix(f"{path}: ")

    return _refused


@pytest.mark.parametrize("name", available_models())
def test_what_ships_reads_by_name_and_by_path(name):
    spec = read_spec(name)
    assert spec == read_spec(models_dir() / f"{name}.toml") == read_spec(str(models_dir() / f"{name}.toml"))
    assert spec.name == name
    assert spec.description


def test_the_shipped_models_differ_where_they_say():
    assert set(available_models()) >= {"hierarchical", "pooled", "independent"}
    structures = {name: read_spec(name).structure for name in ("hierarchical", "pooled", "independent")}
    assert structures["hierarchical"].periods == "random-walk"
    assert structures["pooled"].periods == "constant"
    assert structures["independent"].tasks == structures["independent"].periods == "separate"
    assert not structures["independent"].base_models


def test_the_default_model_spells_out_the_defaults():
    assert read_spec("hierarchical").fingerprint == ModelSpec(name="bare").fingerprint
    assert read_spec("hierarchical").priors == Priors()


def test_a_specification_passes_through():
    spec = ModelSpec(name="mine")
    assert read_spec(spec) is spec


def test_the_fingerprint_is_of_what_changes_the_posterior(tmp_path):
    path = tmp_path / "m.toml"

    def fingerprint(text):
        path.write_text(text)
        return read_spec(path).fingerprint

    plain = fingerprint('name = "a"')
    assert fingerprint('name = "b"\ndescription = "other"') == plain
    assert fingerprint(f'name = "a"\n[likelihood]\nsmoothing = {Likelihood().smoothing}') == plain
    assert fingerprint('name = "a"\n[likelihood]\nsmoothing = 0.5') != plain
    assert fingerprint('name = "a"\n[priors.high]\ndist = "normal"\nmu = 0\nsigma = 2') != plain


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[structre]", "structre: unknown key. Did you mean 'structure'?"),
        ('[structure]\ntask = "pooled"', "structure.task: unknown key. Did you mean 'tasks'?"),
        ("[priors]\ndrfit = 1", "priors.drfit: unknown key. Did you mean 'drift'?"),
        (
            '[priors.high]\ndist = "normal"\nmu = 0\nsigmaa = 1',
            "priors.high.sigmaa: unknown key. Did you mean 'sigma'?",
        ),
        (
            '[priors.drift]\ndist = "half-normal"\nmu = 0\nsigma = 1',
            "priors.drift.mu: unknown key. Known here: dist, sigma.",
        ),
    ],
)
def test_an_unknown_key_is_named_with_its_path_and_the_likely_one(refused, text, said):
    head, _, table = ('name = "x"\n' + text).partition("\n")
    assert said in refused(f"{head}\n{table}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[structure]\ntasks = "pool"', "structure.tasks: input should be 'pooled' or 'separate', found 'pool'."),
        ("[structure]\nbase_models = 1", "structure.base_models: input should be a valid boolean, found 1."),
        ("[likelihood]\npasses = 9", "likelihood.passes: input should be less than or equal to 5, found 9."),
        ("[likelihood]\nsmoothing = 0", "likelihood.smoothing: input should be greater than 0, found 0."),
        ('[likelihood]\nsmoothing = "1"', "likelihood.smoothing: input should be a valid number, found '1'."),
        (
            "[likelihood]\nscale = -1",
            "likelihood.scale: input should be 'calibrated', or input should be greater than 0, found -1.",
        ),
        ("[priors]\nhigh = 3", "priors.high: "),
        ('[priors.high]\ndist = "normal"\nmu = nan\nsigma = 1', "priors.high.mu: input should be a finite number"),
        ('[priors.high]\ndist = "normal"\nmu = 0\nsigma = 0', "priors.high.sigma: input should be greater than 0"),
        ('[priors.high]\ndist = "normal"\nmu = 0', "priors.high.sigma: field required."),
    ],
)
def test_a_wrong_value_is_named_with_its_path(refused, text, said):
    assert said in refused(f'name = "x"\n{text}')


@pytest.mark.parametrize(
    ("prior", "said"),
    [
        (
            'high = { dist = "half-normal", sigma = 1 }',
            "priors.high.dist: input should be 'normal', found 'half-normal'.",
        ),
        (
            'drift = { dist = "normal", mu = 0, sigma = 1 }',
            "priors.drift: dist should be 'half-normal' or 'log-normal'",
        ),
        ("drift = { sigma = 1 }", "priors.drift: dist should be 'half-normal' or 'log-normal'"),
    ],
)
def test_a_distribution_that_does_not_fit_is_told_which_do(refused, prior, said):
    assert said in refused(f'name = "x"\n[priors]\n{prior}')


def test_every_problem_is_told_at_once(refused):
    message = refused('nam = "x"\n[likelihood]\npasses = 0')
    for part in ("name: field required", "nam: unknown key. Did you mean 'name'?", "likelihood.passes"):
        assert part in message


def test_the_name_is_required_and_not_empty(refused):
    assert refused("") == "name: field required."
    assert "name: string should have at least 1 character" in refused('name = ""')


def test_what_is_not_toml_is_said_with_its_place(refused):
    assert refused('name = "x"\n[structure').startswith("not valid TOML (")
    assert "line 2" in refused('name = "x"\npriors = = 1\n')


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(SpecError, match=r"none\.toml: no such file\. Models that ship: .*hierarchical"):
        read_spec(tmp_path / "none.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(SpecError, match="cannot be read"):
        read_spec(tmp_path / "folder.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match="cannot be read"):
        read_spec(tmp_path / "bytes.toml")


def test_an_unknown_model_is_told_the_known_ones():
    with pytest.raises(SpecError, match=r"no model 'hierachical'\. Did you mean 'hierarchical'\? Known: .*pooled"):
        read_spec("hierachical")
    with pytest.raises(SpecError, match=r"give the path of a \.toml file"):
        read_spec(Path("folder/model"))
