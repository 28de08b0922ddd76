#!/usr/bin/env python
"""The main job, end to end: a Django site whose files live in S3 buckets.

Starts the development server of `orlop`, makes two buckets, and walks through the site over HTTP: migrate,
collectstatic, an upload through the form, the gallery, the picture by its signed URL. Prints what each step did,
how many requests it made to the bucket, and how long it took.
"""

from __future__ import annotations

import argparse
import contextlib
import html.parser
import http.cookiejar
import io
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from pathlib import Path

SITE = Path(__file__).resolve().parent


class StepFailed(Exception):
    pass


# ---- the S3 server -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def s3_server(directory: Path):
    """`orlop serve` on a free port; its address and keys go into the environment, where every S3 client looks."""
    process = subprocess.Popen(
        ["orlop", "serve", str(directory), "--port", "0", "--public", "static"], stdout=subprocess.PIPE, text=True
    )
    try:
        for _ in range(3):
            name, separator, value = process.stdout.readline().strip().partition("=")
            if not separator:
                raise StepFailed("the S3 server did not start; run `orlop serve` by hand to see why")
            os.environ[name] = value
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)


def make_bucket(name: str) -> None:
    subprocess.run(["orlop", "mb", f"s3://{name}"], check=True, stdout=subprocess.DEVNULL)


# ---- the site ------------------------------------------------------------------------------------------------------


def set_up_django() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "demosite.settings"
    sys.path.insert(0, str(SITE))
    import django

    django.setup()


def serve_site(port: int):
    """Django's own threaded server, in this process."""
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    class QuietHandler(WSGIRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadedWSGIServer(("127.0.0.1", port), QuietHandler)
    server.set_app(get_wsgi_application())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


# ---- a visitor -----------------------------------------------------------------------------------------------------


class PageReader(html.parser.HTMLParser):
    """The parts of a page a visitor acts on: hidden form fields, pictures, style sheets and scripts."""

    def __init__(self, text: str):
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.pictures: list[str] = []
        self.assets: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "input" and values.get("type") == "hidden":
            self.hidden[values["name"]] = values["value"]
        elif tag == "img":
            self.pictures.append(values["src"])
        elif tag == "link":
            self.assets.append(values["href"])
        elif tag == "script" and "src" in values:
            self.assets.append(values["src"])


class Visitor:
    def __init__(self, address: str):
        self.address = address
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), urllib.request.ProxyHandler({})
        )

    def get(self, path: str) -> bytes:
        url = path if "://" in path else self.address + path
        with self.opener.open(url, timeout=30) as answer:
            return answer.read()

    def page(self, path: str) -> PageReader:
        return PageReader(self.get(path).decode())

    def upload(self, title: str, file_name: str, content: bytes) -> None:
        fields = {**self.page("/").hidden, "title": title}
        boundary = uuid.uuid4().hex
        body = b"".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        )
        body += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{file_name}"\r\n'
            "Content-Type: image/png\r\n\r\n"
        ).encode()
        body += content + f"\r\n--{boundary}--\r\n".encode()
        request = urllib.request.Request(
            self.address + "/upload/", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        )
        self.opener.open(request, timeout=30).read()


def draw_picture(seed: int) -> bytes:
    """A PNG of some hundred kilobytes: overlapping translucent discs on a gradient."""
    from PIL import Image, ImageDraw, ImageFilter

    chance = random.Random(seed)
    picture = Image.linear_gradient("L").resize((640, 480)).convert("RGB")
    draw = ImageDraw.Draw(picture, "RGBA")
    for _ in range(60):
        x, y, radius = chance.randrange(640), chance.randrange(480), chance.randrange(10, 120)
        colour = (*(chance.randrange(256) for _ in range(3)), 90)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    out = io.BytesIO()
    picture.filter(ImageFilter.GaussianBlur(2)).save(out, "PNG")
    return out.getvalue()


# ---- the walk ------------------------------------------------------------------------------------------------------


class Walk:
    """Runs the steps and prints a line for each."""

    def __init__(self):
        self.width = 44

    def step(self, title: str, action):
        import orlop

        print(f"  {title:<{self.width}}", end="", flush=True)
        started = time.perf_counter()
        with orlop.requests(all_threads=True) as ledger:
            result = action()
        milliseconds = (time.perf_counter() - started) * 1000
        cost = ", ".join(f"{number} {operation}" for operation, number in ledger.operations.items()) or "no request"
        print(f"{milliseconds:8.1f} ms   {cost}")
        return result


def expect(condition: bool, complaint: str) -> None:
    if not condition:
        raise StepFailed(complaint)


def walk_through(address: str) -> None:
    from django.core.management import call_command

    walk = Walk()
    quiet = {"verbosity": 0, "interactive": False}
    visitor = Visitor(address)
    picture = draw_picture(7)

    walk.step("migrate (SQLite)", lambda: call_command("migrate", **quiet))
    walk.step("collectstatic to s3://static", lambda: call_command("collectstatic", **quiet))
    walk.step(
        f"upload a picture through the form ({len(picture) // 1024} KiB)",
        lambda: visitor.upload("Discs", "discs.png", picture),
    )
    walk.step("upload another of the same name", lambda: visitor.upload("More discs", "discs.png", draw_picture(8)))
    page = walk.step("open the gallery", lambda: visitor.page("/"))
    expect(len(page.pictures) == 2, "the gallery does not show the two pictures")
    expect(all("Signature=" in url for url in page.pictures), "the pictures' URLs are not signed")
    fetched = walk.step("fetch the picture by its signed URL", lambda: visitor.get(page.pictures[1]))
    expect(fetched == picture, "the picture came back with other bytes")
    assets = walk.step("fetch icon, style sheet and script", lambda: [visitor.get(url) for url in page.assets])
    expect(len(assets) == 3 and all(assets), "static files are missing")
    ledger = walk.step("open the ledger of requests", lambda: visitor.get("/requests/").decode())
    expect(re.search(r"1 PutObject", ledger) is not None, "the ledger does not show the upload")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__.splitlines()[0])
    parser.add_argument("--serve", action="store_true", help="keep the site running until Ctrl-C")
    parser.add_argument("--port", type=int, default=0, help="port of the site (default: a free one)")
    arguments = parser.parse_args()

    state = Path(tempfile.mkdtemp(prefix="orlop-demo-"))
    os.environ["DEMO_STATE"] = str(state)
    try:
        with s3_server(state / "s3"):
            print(f"S3 server       {os.environ['AWS_ENDPOINT_URL']}  (orlop serve)")
            make_bucket("media")
            make_bucket("static")
            set_up_django()
            site = serve_site(arguments.port)
            address = f"http://127.0.0.1:{site.server_port}"
            print(f"Django site     {address}\n")
            walk_through(address)
            print("\nThe pictures came back from the bucket byte for byte.")
            if arguments.serve:
                print(f"\nThe site is running at {address} - Ctrl-C ends it.", flush=True)
                with contextlib.suppress(KeyboardInterrupt):
                    signal.pause()
            site.shutdown()
        return 0
    except StepFailed as failure:
        print(f"\ndemo: {failure}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(state, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
