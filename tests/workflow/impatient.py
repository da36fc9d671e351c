"""Snakemake whose SLURM executor looks after its jobs every second.

The executor itself looks after 40 s by default and then waits 10 s longer each time nothing has ended, which
suits a cluster and would make tests of short jobs last minutes. All else is as it is.
"""

import asyncio

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor


async def one_second(executor: RemoteExecutor) -> None:
    await asyncio.sleep(1)


if __name__ == "__main__":
    RemoteExecutor.sleep = one_second
    main()
