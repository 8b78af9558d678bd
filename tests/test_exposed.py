"""Who is let in: strangers see no saved case and change no number, whichever way they come."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import load
import pytest
from browser import LAPTOP, OPENING, click
from playwright.sync_api import Browser, expect
from websockets.asyncio.client import connect

from bayesnet import CaseStore
from bayesnet.learning.cases.table import cases_table
from bayesnet.shipped import shipped

PASSWORD = "correct horse battery"
GUARDED = ("cases", "overview", "tuning")
OPEN = ("", "what_if", "network", "about")


async def read(address: str, page: str, **headers: str) -> str:
    """What a page says to somebody who comes with these headers."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
    async with connect(
        url, subprotocols=["streamlit"], max_size=None, compression=None, additional_headers=names
    ) as line:
        visitor = load.Visitor(line)
        await visitor.look(page)
        assert visitor.errors == []
        return "\n".join(visitor.texts)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store that holds one case."""
    from bayesnet import load as load_model

    folder = tmp_path_factory.mktemp("exposed")
    with CaseStore(folder / "cases.db") as store:
        store.add(cases_table(load_model().knowledge, [{"felt_tear": "yes"}]), "squat_cramp")
    return folder


def test_it_does_not_listen_elsewhere_without_a_password(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "BAYESNET_ADMIN_PASSWORD"}
    command = [Path(sys.executable).with_name("bayesnet"), "dashboard", "--address", "0.0.0.0"]
    for more in ({}, {"BAYESNET_ADMIN_PASSWORD": "short"}):
        done = subprocess.run(command, env=environment | more, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode != 0
        assert "BAYESNET_ADMIN_PASSWORD" in done.stderr
        assert "Traceback" not in done.stderr
        assert "short" not in done.stderr


@pytest.mark.parametrize(
    "headers",
    [{"X_Forwarded_For": "203.0.113.7"}, {"Forwarded": "for=203.0.113.7"}, {"X_Real_IP": "203.0.113.7"}],
    ids=lambda headers: next(iter(headers)),
)
def test_what_a_proxy_passes_on_is_from_elsewhere(home: Path, headers: dict[str, str]) -> None:
    with load.dashboard(home) as (address, _):
        assert "1 case" in load.run(read(address, "cases"))
        for page in GUARDED:
            text = load.run(read(address, page, **headers))
            assert "This page is closed" in text
            assert "case**" not in text
        for page in OPEN:
            assert "This page is closed" not in load.run(read(address, page, **headers))


@pytest.mark.browser
def test_the_password_opens_and_guessing_is_slowed(browser: Browser, home: Path) -> None:
    with load.dashboard(home, BAYESNET_ADMIN_PASSWORD=PASSWORD) as (address, _):
        for path in GUARDED:
            page = browser.new_page(viewport=LAPTOP, base_url=address)
            page.goto(f"/{path}")
            box = page.get_by_role("textbox", name="Admin password")
            expect(box).to_be_visible(timeout=OPENING)
            expect(page.get_by_text("1 case")).to_have_count(0)
            page.close()
        tries = [("guess", "That is not the password.")] * 5
        tries[3] = (PASSWORD, "1 case: 1 import.")
        tries += [(PASSWORD, "Too many tries. Wait a minute.")]
        pages = [browser.new_page(viewport=LAPTOP, base_url=address) for _ in tries]  # a new session is no way round
        for page, (tried, _) in zip(pages, tries, strict=True):
            page.goto("/cases")
            page.get_by_role("textbox", name="Admin password").fill(tried)
        for page, (_, told) in zip(pages, tries, strict=True):
            click(page.get_by_role("button", name="Go on"))
            expect(page.get_by_text(told)).to_be_visible()
            page.close()
    log = (home / "log").read_text()
    assert PASSWORD not in log
    assert "guess" not in log


# ---- behind the proxy of the README


@contextmanager
def behind_nginx(address: str, folder: Path) -> Iterator[str]:
    """The README's own nginx configuration, on another port and with a certificate made up for it."""
    (block,) = re.findall(r"```nginx\n(.*?)```", (Path(__file__).parents[1] / "README.md").read_text(), re.DOTALL)
    port = load.free_port()
    subject = ["-subj", "/CN=127.0.0.1", "-days", "1", "-keyout", str(folder / "key"), "-out", str(folder / "cert")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject], check=True, capture_output=True
    )
    for old, new in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/cramps.pem": str(folder / "cert"),
        "/etc/ssl/cramps.key": str(folder / "key"),
        "http://127.0.0.1:8501": address,
        "wss://cramps.example.org": f"wss://127.0.0.1:{port}",
    }.items():
        assert old in block
        block = block.replace(old, new)
    places = TEMPORARY.format(folder=folder)
    config = f"pid {folder}/pid; error_log {folder}/errors; worker_processes 1; daemon off; events {{}}\n"
    config += f"http {{ include /etc/nginx/mime.types; access_log off; {places}\n{block} }}\n"
    (folder / "nginx.conf").write_text(config)
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    proxy = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield f"https://127.0.0.1:{port}"
    finally:
        proxy.terminate()
        proxy.wait(10)


TEMPORARY = " ".join(
    f"{kind}_temp_path {{folder}}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
)


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("nginx") is None, reason="needs Debian's nginx-light")
def test_the_proxy_of_the_readme_serves_every_page_and_sends_the_headers(
    browser: Browser, home: Path, tmp_path: Path
) -> None:
    with (
        load.dashboard(home, BAYESNET_ADMIN_PASSWORD=PASSWORD) as (inside, _),
        behind_nginx(inside, tmp_path) as address,
    ):
        context = browser.new_context(viewport=LAPTOP, base_url=address, ignore_https_errors=True)
        page, refused = context.new_page(), []
        page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
        for path in ("/?felt_tear=yes", "/network", "/about"):
            answered = page.goto(path)
            expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=OPENING)
            if path != "/about":
                drawn = "[data-testid=stVegaLiteChart] svg, [data-testid=stGraphVizChart] svg"
                expect(page.locator(drawn).first).to_be_visible()
        assert answered is not None
        headers = answered.headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "strict-transport-security" in headers
        for path in GUARDED:
            page.goto(f"/{path}")
            expect(page.get_by_role("textbox", name="Admin password")).to_be_visible(timeout=OPENING)
        page.get_by_role("textbox", name="Admin password").fill(PASSWORD)
        click(page.get_by_role("button", name="Go on"))
        expect(page.get_by_role("radio", name="Learn from cases")).to_be_visible()
        # Streamlit's page has one inline script, which it does without: nothing else is refused.
        assert [said for said in refused if not said.startswith("Executing inline script")] == []
        context.close()


# ---- from a second network namespace

NEAR, FAR = "10.231.77.1", "10.231.77.2"
CAN_NAMESPACE = shutil.which("ip") is not None and hasattr(os, "geteuid") and os.geteuid() == 0


@contextmanager
def elsewhere() -> Iterator[list[str]]:
    """Another host on this machine: the beginning of a command that runs there."""
    name = f"bn{os.getpid() % 100000}"
    steps = [
        ["netns", "add", name],
        ["link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b"],
        ["link", "set", f"{name}b", "netns", name],
        ["addr", "add", f"{NEAR}/24", "dev", f"{name}a"],
        ["link", "set", f"{name}a", "up"],
        ["netns", "exec", name, "ip", "addr", "add", f"{FAR}/24", "dev", f"{name}b"],
        ["netns", "exec", name, "ip", "link", "set", f"{name}b", "up"],
    ]
    try:
        for step in steps:
            done = subprocess.run(["ip", *step], capture_output=True, text=True, timeout=20, check=False)
            if done.returncode != 0:
                pytest.skip(f"no network namespaces here: {done.stderr.strip()}")
        yield ["ip", "netns", "exec", name]
    finally:
        subprocess.run(["ip", "link", "del", f"{name}a"], capture_output=True, timeout=20, check=False)
        subprocess.run(["ip", "netns", "del", name], capture_output=True, timeout=20, check=False)


READ = """
import asyncio, json, sys, test_exposed
address, *pages = sys.argv[1:]
print(json.dumps([asyncio.run(test_exposed.read(address, page)) for page in pages]))
"""


def said_to(host: list[str], address: str, *pages: str) -> subprocess.CompletedProcess[str]:
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here / "benchmarks")])}
    command = [*host, sys.executable, "-c", READ, address, *pages]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


@pytest.mark.skipif(not CAN_NAMESPACE, reason="needs root and Debian's iproute2 to make another host")
def test_from_another_host(home: Path) -> None:
    """By default no page answers; with the switch, Check does, and what is guarded asks for the password."""
    with elsewhere() as host:
        with load.dashboard(home) as (address, _):
            there = address.replace("127.0.0.1", NEAR)
            assert "ConnectionRefusedError" in said_to(host, there, "").stderr
        with load.dashboard(home, host=NEAR, BAYESNET_ADMIN_PASSWORD=PASSWORD) as (address, _):
            told = said_to(host, address, "", *GUARDED)
            assert told.returncode == 0, told.stderr
            check, *guarded = json.loads(told.stdout)
            assert "Why did my back cramp?" in check
            for text in guarded:
                assert "case**" not in text
                assert "Numbers: what" not in text


def test_no_page_that_guards_is_left_out() -> None:
    """A new page that reads the store or keeps versions has to be guarded as well."""
    app = (shipped("dashboard") / "app.py").read_text()
    for path in shipped("dashboard").glob("*.py"):
        if "show()\n" in path.read_text()[-10:] and "session.store()" in path.read_text():
            (title,) = [line.split('title="')[1].split('"')[0] for line in app.splitlines() if f'"{path.name}"' in line]
            assert f'"{title}"' not in app.split("OPEN = ")[1].splitlines()[0]
