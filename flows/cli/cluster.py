"""The commands of a cluster: cluster start, worker, status, stop, certificates."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli.runner import FAILED, AsJson, Debug, command, show
from models.wording import counted

Workers = Annotated[int, typer.Option(min=1, help="Processes of one thread each; as many as processors is usual.")]
CertificatesFolder = Annotated[
    Path | None,
    typer.Option(
        "--certificates",
        metavar="DIR",
        envvar="CRISISFLOW_CLUSTER_CERTIFICATES",
        help="Folder that `cluster certificates` made. Default: that of the state folder.",
        show_default=False,
    ),
]
Host = Annotated[str, typer.Option(help="Address of this machine on which to listen; beyond loopback it needs TLS.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(
        help="Workers on this machine and others, for --cluster: start, look, stop.", no_args_is_help=True
    )
    for function in (start, worker, status, stop, certificates):
        group.command()(function)
    app.add_typer(group, name="cluster")


def start(
    workers: Workers = 2,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the scheduler.")] = 8786,
    dashboard_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of Dask's pages, on 127.0.0.1 only.")
    ] = 8787,
    folder: CertificatesFolder = None,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay until the cluster ends, or Ctrl-C, as the main process of a pod.")
    ] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Start a scheduler and workers that stay, and print the address to give to --cluster.

    Everything is encrypted, and whoever comes without a certificate of the folder is turned away: a scheduler executes
    whatever it is sent. On 127.0.0.1 the certificates are made where there are none.

    Example: crisisflow cluster start --workers 4
    """
    with command(debug):
        from tasks.cluster import lasting

        facts = lasting.start(workers, host, port, dashboard_port, folder)
        show(facts, as_json, _started)
        if foreground:
            try:
                lasting.wait(facts)
            finally:
                lasting.stop()


def worker(
    address: Annotated[str, typer.Argument(metavar="tls://HOST:PORT", help="Address of the scheduler.")],
    workers: Workers = 1,
    host: Host = "127.0.0.1",
    folder: CertificatesFolder = None,
    debug: Debug = False,
) -> None:
    """Work for a scheduler that runs elsewhere, until it ends, or Ctrl-C.

    The state folder must be the one that the commands use, mounted under the same path, and code, libraries and kind of
    machine the same: others are refused.

    Example: crisisflow cluster worker tls://10.0.0.1:8786 --workers 16 --host 10.0.0.2
    """
    with command(debug):
        from tasks.cluster import address as addresses
        from tasks.cluster import lasting

        if not (parsed := addresses.parse(address)).encrypted:
            raise ValueError(f"{address} is refused: workers join by tls:// alone, as `crisisflow cluster start` says")
        server = lasting.work_for(parsed.url, workers, host, folder)
        try:
            print(f"{counted(workers, 'worker')} for {parsed.url}, the log: {server.log}. Ctrl-C ends it.", flush=True)
            ended = server.process.wait()
        finally:
            server.stop()
    print("The scheduler has ended." if ended == 0 else f"The workers failed: see the log, {server.log}")
    if ended != 0:
        raise typer.Exit(FAILED)


def status(as_json: AsJson = False, debug: Debug = False) -> None:
    """Say which cluster of this state folder runs, and what its workers are at.

    Exit code 0 when it runs and has workers, 1 otherwise.
    """
    with command(debug):
        from tasks.cluster import lasting

        facts = lasting.status()
    show(facts, as_json, _looked_at)
    if not facts["running"] or not facts.get("worker_list"):
        raise typer.Exit(FAILED)


def stop(debug: Debug = False) -> None:
    """End the cluster that `cluster start` started; what its workers were at is computed again when it is asked for."""
    with command(debug):
        from tasks.cluster import lasting

        ended = lasting.stop()
    print("The cluster has ended." if ended else "No cluster of this state folder runs.")


def certificates(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make, for you alone to read.")],
    debug: Debug = False,
) -> None:
    """Make the certificates of a cluster: ca.pem, certificate.pem and key.pem, valid for two years.

    Copy the folder to each machine over a connection that you trust. Whoever has key.pem can run any code there.

    Example: crisisflow cluster certificates ~/cluster-certificates
    """
    with command(debug, state="none"):
        from tasks.cluster.certificates import make_certificates

        make_certificates(folder)
    print(f"Made in {folder}. Name it on each machine: --certificates {folder}, or CRISISFLOW_CLUSTER_CERTIFICATES")


def _started(facts: Mapping[str, Any]) -> None:
    print(f"{counted(facts['workers'], 'worker')} at {facts['address']}, the log: {facts['log']}")
    print(f"Use it with --cluster {facts['address']}, or CRISISFLOW_CLUSTER={facts['address']}")
    print("`crisisflow cluster stop` ends it.")


def _looked_at(facts: Mapping[str, Any]) -> None:
    if not facts["running"]:
        print("No cluster of this state folder runs: `crisisflow cluster start` starts one.")
        return
    if not facts["answers"]:
        print(f"The cluster at {facts['address']} does not answer ({facts['reason']}); its log: {facts['log']}")
        return
    print(f"{facts['address']}, started on {facts['host']}; its log: {facts['log']}")
    for each in facts["worker_list"]:
        print(f"  {each['address']}  {counted(each['units'], 'unit')}  {each['memory_mb']:,} MB")
    if not facts["worker_list"]:
        print("  no worker: `crisisflow cluster worker` adds some")
