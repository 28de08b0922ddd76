"""Requests byte by byte: signed as botocore signs, and bodies in the aws-chunked coding, right or wrong on purpose."""

import base64
import datetime
import hashlib
import hmac
import socket
import urllib.parse
import zlib

EMPTY = hashlib.sha256(b"").hexdigest()


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Signer:
    def __init__(self, server, when=None):
        self.server = server
        self.when = when or datetime.datetime.now(datetime.timezone.utc)
        self.date = self.when.strftime("%Y%m%dT%H%M%SZ")
        self.scope = f"{self.date[:8]}/us-east-1/s3/aws4_request"
        key = ("AWS4" + server.secret).encode()
        for part in self.scope.split("/"):
            key = _hmac(key, part)
        self.key = key

    def head(self, method, path, payload_hash, headers=(), query=""):
        """The request's head as bytes, signed."""
        fields = {
            "host": f"127.0.0.1:{self.server.port}",
            "x-amz-date": self.date,
            "x-amz-content-sha256": payload_hash,
            **{k.lower(): v for k, v in dict(headers).items()},
        }
        signed = {k: v for k, v in fields.items() if k == "host" or k.startswith("x-amz-")}
        names = ";".join(sorted(signed))
        pairs = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
        canonical_query = "&".join(
            f"{urllib.parse.quote(k, safe='-_.~')}={urllib.parse.quote(v, safe='-_.~')}" for k, v in pairs
        )
        canonical = "\n".join(
            [
                method,
                urllib.parse.quote(urllib.parse.unquote(path), safe="/-_.~"),
                canonical_query,
                *[f"{k}:{signed[k].strip()}" for k in sorted(signed)],
                "",
                names,
                payload_hash,
            ]
        )
        text = "\n".join(["AWS4-HMAC-SHA256", self.date, self.scope, hashlib.sha256(canonical.encode()).hexdigest()])
        self.signature = _hmac(self.key, text).hex()
        fields["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.server.key}/{self.scope}, SignedHeaders={names}, "
            f"Signature={self.signature}"
        )
        target = path + ("?" + query if query else "")
        lines = [f"{method} {target} HTTP/1.1"] + [f"{k}: {v}" for k, v in fields.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    def _step(self, name, hashes):
        text = "\n".join([name, self.date, self.scope, self.signature, hashes])
        self.signature = _hmac(self.key, text).hex()
        return self.signature

    def chunks(self, pieces, trailers=None, signed=True):
        """The pieces as aws-chunked, the empty last one included."""
        out = b""
        for piece in [*pieces, b""]:
            extension = ""
            if signed:
                digest = hashlib.sha256(piece).hexdigest()
                extension = ";chunk-signature=" + self._step("AWS4-HMAC-SHA256-PAYLOAD", f"{EMPTY}\n{digest}")
            out += f"{len(piece):x}{extension}\r\n".encode() + piece + (b"\r\n" if piece else b"")
        for name, value in (trailers or {}).items():
            out += f"{name}:{value}\r\n".encode()
        if trailers and signed:
            canonical = "".join(f"{k}:{v}\n" for k, v in trailers.items())
            digest = hashlib.sha256(canonical.encode()).hexdigest()
            out += ("x-amz-trailer-signature:" + self._step("AWS4-HMAC-SHA256-TRAILER", digest) + "\r\n").encode()
        return out + b"\r\n"


def crc32(data):
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def _reflected_crc(data, polynomial, bits):
    ones = (1 << bits) - 1
    value = ones
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (polynomial if value & 1 else 0)
    return base64.b64encode((value ^ ones).to_bytes(bits // 8, "big")).decode()


def crc64nvme(data):
    return _reflected_crc(data, 0x9A6C9329AC4BC9B5, 64)


def crc32c(data):
    return _reflected_crc(data, 0x82F63B78, 32)


class Connection:
    def __init__(self, server, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout)
        self.seen = b""

    def send(self, data):
        self.socket.sendall(data)

    def _until(self, mark):
        while mark not in self.seen:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError(f"closed after {self.seen!r}")
            self.seen += more
        head, self.seen = self.seen.split(mark, 1)
        return head

    def answer(self, has_body=True):
        head = self._until(b"\r\n\r\n").decode().split("\r\n")
        status = int(head[0].split()[1])
        headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in head[1:])}
        length = int(headers.get("content-length", 0)) if has_body else 0
        while len(self.seen) < length:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError(f"closed {length - len(self.seen)} bytes before the end")
            self.seen += more
        body, self.seen = self.seen[:length], self.seen[length:]
        return status, headers, body

    def rest(self):
        """What comes until the server closes."""
        while more := self.socket.recv(65536):
            self.seen += more
        return self.seen


def error_code(body):
    return body.decode().split("<Code>")[1].split("</Code>")[0] if b"<Code>" in body else None


def request(server, method, path, body=b"", headers=(), query="", payload_hash=None, signer=None, connection=None):
    signer = signer or Signer(server)
    connection = connection or Connection(server)
    payload_hash = payload_hash or hashlib.sha256(body).hexdigest()
    head = signer.head(method, path, payload_hash, {"content-length": str(len(body)), **dict(headers)}, query)
    connection.send(head + body)
    return connection.answer(method != "HEAD")
