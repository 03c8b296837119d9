"""Failed runs that Dagster means to try again."""

from dagster import DagsterInstance
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin


def will_be_retried(instance: DagsterInstance, run_id: str) -> None:
    """Mark a failed run as Dagster marks one that its daemon has launched."""
    run = instance.get_run_by_id(run_id)
    assert run
    origin = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "__repository__")
    instance.run_storage.replace_job_origin(run, origin.get_job_origin(run.job_name))
    instance.add_run_tags(run_id, {"dagster/will_retry": "true"})
