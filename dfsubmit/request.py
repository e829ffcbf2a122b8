"""An `AiApp` → the body of its aiapps/submit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dfsubmit.manifest import AiApp, Docker


def request_of(app: AiApp) -> dict[str, Any]:
    """Return the exact body of aiapps/submit, with secrets as `{"fromEnv": NAME}`.

    All six fields and every default are explicit, because the API documents its defaults in part only; args, env and
    exposeTcpPorts are left out when empty, as the API's own sample does; workdir is never sent.
    """
    spec = app.spec
    return {
        "aiWorkspaceId": spec.ai_workspace_id,
        "namePrefix": spec.name_prefix,
        "queueName": spec.queue_name,
        "data": {
            "input": [{"hdfs": item.hdfs, "path": item.path} for item in spec.data.input],
            "output": [
                {"hdfs": item.hdfs, "path": item.path, "overwrite": item.overwrite} for item in spec.data.output
            ],
        },
        "docker": _docker_body(spec.docker),
        "resource": {
            "cpuCount": spec.resource.cpu_count,
            "gpuCount": spec.resource.gpu_count,
            "gpuModel": spec.resource.gpu_model,
            "memoryMb": spec.resource.memory_mb,
        },
    }


def _docker_body(docker: Docker) -> dict[str, Any]:
    body: dict[str, Any] = {"image": docker.image, "command": docker.command}
    if docker.args:
        body["args"] = docker.args
    if docker.env:
        body["env"] = {
            name: value if isinstance(value, str) else {"fromEnv": value.from_env} for name, value in docker.env.items()
        }
    if docker.expose_tcp_ports:
        body["exposeTcpPorts"] = list(docker.expose_tcp_ports)
    return body
