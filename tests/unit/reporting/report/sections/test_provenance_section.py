"""Where the numbers come from."""

from types import SimpleNamespace

from streid.reporting.report.sections.provenance_section import compose_provenance


def test_everything_needed_to_make_the_report_again() -> None:
    record = {
        "git": "abc",
        "configuration": {"joint": {"alpha": 5.0, "fusions": ["a", "b"]}},
        "versions": {"numpy": "2"},
    }
    material = SimpleNamespace(record=record, seed=3, costs=None, repeat="snakemake --cores all", commands=())
    section = compose_provenance(material)  # type: ignore[arg-type]
    assert (section.seed, section.commit, section.costs) == (3, "abc", None)
    assert section.repeat == "snakemake --cores all"
    assert section.settings == [("joint.alpha", "5.0"), ("joint.fusions", "a, b")]
    assert section.versions == {"numpy": "2"}
    assert section.charts == []
