import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(workflow.basedir) / "pipeline"))

from streid.workflow.configuration import configuration_problems, with_numbers

config.update(with_numbers(dict(config)))
_schema = Path(workflow.basedir) / "workflow" / "schemas" / "config.schema.yaml"
_problems = configuration_problems(
    config, yaml.safe_load(_schema.read_text(encoding="utf-8"))
)
if _problems:
    raise WorkflowError(*[f"config: {problem}" for problem in _problems])
