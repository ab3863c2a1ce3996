"""Headless Chromium, driven by the DevTools protocol.

https://chromedevtools.github.io/devtools-protocol

Playwright would do the same from a package of 160 MB; these tests need a pipe and two dozen lines.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from base64 import b64decode
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    *(
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
    ),
    *("--remote-debugging-pipe", "--no-first-run", "--force-color-profile=srgb", "about:blank"),
)


class Browser:
    """A browser with one page.

    `requests`: the URLs that it requested; `console_messages`: messages and exceptions of the page;
    `dialogs`: the types of the dialogs, all of which were accepted.
    """

    def __init__(self, program: str, folder: Path) -> None:
        self.downloads = folder / "downloads"
        self.requests: list[str] = []
        self.console_messages: list[str] = []
        self.dialogs: list[str] = []
        self._number = 0
        from_browser, to_us = os.pipe()
        to_browser, from_us = os.pipe()
        # the browser reads from descriptor 3 and writes to 4
        command = f'exec "$0" "$@" 3<&{to_browser} 4>&{to_us}'
        self._process = subprocess.Popen(
            ["bash", "-c", command, program, f"--user-data-dir={folder / 'profile'}", *OPTIONS],
            pass_fds=(to_browser, to_us),
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(to_us)
        self._out, self._in = os.fdopen(from_us, "wb", buffering=0), os.fdopen(from_browser, "rb")
        self._session: str | None = None
        (page,) = [
            one for one in self.call("Target.getTargets")["targetInfos"] if one["type"] == "page"
        ]
        self._session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.call(f"{domain}.enable")
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads))

    def close(self) -> None:
        self._out.close()
        self._in.close()
        self._process.terminate()
        self._process.wait()

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method and return its result; events in between are recorded."""
        number = self._send(method, parameters)
        while True:
            answer = self._read()
            if answer.get("id") == number:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            self._on_event(answer.get("method"), answer.get("params", {}))

    def _send(self, method: str, parameters: dict[str, Any]) -> int:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        session = {"sessionId": self._session} if self._session else {}
        self._out.write(json.dumps(message | session).encode() + b"\0")
        return self._number

    def _read(self) -> dict[str, Any]:
        text = bytearray()
        while (byte := self._in.read(1)) != b"\0":
            assert byte, "the browser exited"
            text += byte
        return json.loads(text)

    def _on_event(self, event: str | None, params: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            self.console_messages.append(str(params["exceptionDetails"]))
        elif event == "Runtime.consoleAPICalled":
            self.console_messages.append(str(params["args"]))
        elif event == "Page.javascriptDialogOpening":
            self.dialogs.append(params["type"])
            self._send("Page.handleJavaScriptDialog", {"accept": True})
        elif event == "Log.entryAdded":
            self.console_messages.append(
                f"{params['entry']['text']} {params['entry'].get('url', '')}"
            )

    def open(self, url: str, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Open a page in a window of that size, and clear what was recorded."""
        mobile = width < 600
        size = {
            "width": width,
            "height": height,
            "deviceScaleFactor": 2 if mobile else 1,
            "mobile": mobile,
        }
        self.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        for recorded in (self.requests, self.console_messages, self.dialogs):
            recorded.clear()
        self.call("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, script: str) -> None:
        """Wait until the expression is true."""
        while not self.run(script):
            time.sleep(0.02)

    def choose(self, selector: str, *paths: Path) -> None:
        """Choose files in a file input."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path) for path in paths])

    def drop(self, *paths: Path) -> None:
        """Drop files or folders into the middle of the page."""
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=300, y=200, data=data)

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key, wherever the focus is."""
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **typed
            )

    def downloaded(self, name: str) -> bytes:
        """Return a downloaded file when it is complete."""
        path = self.downloads / name
        while not path.exists():
            self.run("1")
            time.sleep(0.02)
        return path.read_bytes()

    def picture(self, path: Path, whole: bool = False) -> None:
        """Write a screenshot as a PNG."""
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(b64decode(answer["data"]))
