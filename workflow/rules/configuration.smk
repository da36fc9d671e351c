import yaml


def with_numbers(value):
    """A configuration value whose numbers and truth values, if they came as text, are such again.

    Snakemake reads what stands inside the braces of --config 'joint={alpha: 4}' as text.
    """
    if isinstance(value, dict):
        return {key: with_numbers(one) for key, one in value.items()}
    if isinstance(value, list):
        return [with_numbers(one) for one in value]
    if not isinstance(value, str):
        return value
    try:
        read = yaml.safe_load(value)
    except yaml.YAMLError:
        return value
    return read if isinstance(read, (int, float)) else value


config.update(with_numbers(dict(config)))
