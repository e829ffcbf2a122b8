"""A client of the Language Server Protocol, as small as the tests need: a real server process, JSON-RPC on its standard streams.

The server gets its settings when it asks for them, as editors do it. What it asks for and what it says beside answers is kept,
so that a test can tell that it fetched nothing. Every wait ends: with the answer, the server's end, or a deadline.
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

SECONDS = 60
Message = dict[str, Any]


@dataclass(kw_only=True)
class Client:
    """One conversation with a server. `settings` are its configuration by section, `folder` the workspace that is open."""

    command: list[str]
    folder: Path
    settings: dict[str, Any]
    env: dict[str, str]
    said: list[Message] = field(default_factory=list)
    _versions: dict[str, int] = field(default_factory=dict)
    _number: int = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            env=self.env,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._messages = self._process.stdin, queue.Queue[Message | None]()
        threading.Thread(target=_read_all, args=(self._process.stdout, self._messages), daemon=True).start()
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.request("shutdown", None)
            self.notify("exit", None)
            self._process.wait(SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
            self._in.close()

    def _begin(self) -> None:
        capabilities = {
            "workspace": {"configuration": True, "workspaceFolders": True, "didChangeConfiguration": {}},
            "textDocument": {
                "hover": {"contentFormat": ["markdown", "plaintext"]},
                "completion": {"completionItem": {"documentationFormat": ["markdown"], "snippetSupport": True}},
                "publishDiagnostics": {"versionSupport": True},
            },
        }
        root = {"uri": self.folder.as_uri(), "name": self.folder.name}
        self.request(
            "initialize",
            {"processId": None, "rootUri": root["uri"], "workspaceFolders": [root], "capabilities": capabilities},
        )
        self.notify("initialized", {})
        self.notify("workspace/didChangeConfiguration", {"settings": self.settings})

    def open(self, path: Path, text: str) -> list[Message]:
        """Show `text` as the content of `path`, which need not exist; return the diagnostics that the server has for it."""
        uri = path.as_uri()
        version = self._versions[uri] = self._versions.get(uri, 0) + 1
        if version == 1:
            document = {"uri": uri, "languageId": "yaml", "version": version, "text": text}
            self.notify("textDocument/didOpen", {"textDocument": document})
        else:
            changed = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text}]}
            self.notify("textDocument/didChange", changed)
        return self._diagnostics(uri)

    def complete(self, path: Path, line: int, character: int) -> list[Message]:
        """Return the completions at a place, which counts from 0."""
        answer = self._ask_at("textDocument/completion", path, line, character)
        return answer["items"] if isinstance(answer, dict) else answer or []

    def hover(self, path: Path, line: int, character: int) -> str:
        """Return what is shown when one points at a place; empty for nothing."""
        answer = self._ask_at("textDocument/hover", path, line, character)
        contents = answer["contents"] if answer else ""
        return contents["value"] if isinstance(contents, dict) else str(contents)

    def _ask_at(self, method: str, path: Path, line: int, character: int) -> Any:
        place = {"line": line, "character": character}
        return self.request(method, {"textDocument": {"uri": path.as_uri()}, "position": place})

    def request(self, method: str, params: Any) -> Any:
        """Return the server's answer. Raises AssertionError when it is an error."""
        self._number += 1
        number = self._number
        self._send({"id": number, "method": method, "params": params})
        answer = self._wait(lambda message: message.get("id") == number and "method" not in message)
        assert "error" not in answer, answer
        return answer["result"]

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _diagnostics(self, uri: str) -> list[Message]:
        """Wait for the diagnostics of the version that was sent last."""

        def is_it(message: Message) -> bool:
            return message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri

        found: list[Message] = self._wait(is_it)["params"]["diagnostics"]
        return found

    def _wait(self, is_it: Any) -> Message:
        while True:
            message = self._messages.get(timeout=SECONDS)
            assert message is not None, "the server ended"
            if is_it(message):
                return message
            self._react(message)

    def _react(self, message: Message) -> None:
        """Answer what the server asks, as an editor does; keep the rest."""
        self.said.append(message)
        if "id" not in message or "method" not in message:
            return
        result: Any = None
        if message["method"] == "workspace/configuration":
            result = [self._section(item.get("section", "")) for item in message["params"]["items"]]
        elif message["method"] == "workspace/workspaceFolders":
            result = [{"uri": self.folder.as_uri(), "name": self.folder.name}]
        self._send({"id": message["id"], "result": result})

    def _section(self, name: str) -> Any:
        return self.settings.get(name, {})

    def _send(self, message: Message) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._in.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)
        self._in.flush()


def _read_all(stream: IO[bytes], messages: queue.Queue[Message | None]) -> None:
    """Put every message of `stream` into `messages`, and None at its end."""
    with stream:
        while header := _header(stream):
            messages.put(json.loads(stream.read(int(header["content-length"]))))
    messages.put(None)


def _header(stream: IO[bytes]) -> dict[str, str]:
    header: dict[str, str] = {}
    while line := stream.readline().strip():
        name, _, value = line.decode("ascii").partition(":")
        header[name.lower()] = value.strip()
    return header
