"""The management protocol, spoken by a test itself."""
import json
import socket


class Talk:
    """A session. Answers are read to their last line."""

    def __init__(self, path, timeout=30):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.file = self.socket.makefile("r", encoding="utf-8")

    def line(self):
        try:
            text = self.file.readline()
        except ConnectionResetError:  # it ended, and did not read everything
            text = ""
        return json.loads(text) if text else None

    def send(self, text):
        self.socket.sendall(text.encode() if isinstance(text, str) else text)

    def raw(self, text):
        self.send(text)
        return self.line()

    def ask(self, command, **arguments):
        """The last line of the answer; lists of several lines are joined."""
        self.send(json.dumps({"command": command, "arguments": arguments}) + "\n")
        answer = self.line()
        joined = answer
        while answer and answer["code"] == 206:
            answer = self.line()
            for key, rows in answer["result"].items():
                joined["result"][key] += rows
            joined["code"] = answer["code"]
        return joined

    def close(self):
        self.file.close()
        self.socket.close()
