r"""Start the web server on a free port, or print one sentence that says why it cannot start.

scripts/run runs this file. It is Python without dependencies, so that Windows can run it too:
``.venv\Scripts\python scripts\serve.py --port 8502``.
"""

from __future__ import annotations

import argparse
import errno
import os
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 8501
EVERYWHERE = ("0.0.0.0", "::")
"""Addresses that stand for all networks of this machine."""
PORTS_TO_TRY = 50
"""Number of ports above an occupied port that are tried, to suggest a free one."""


def configured_address() -> str:
    """Return the default host name to listen on."""
    with (ROOT / ".streamlit" / "config.toml").open("rb") as file:
        in_file = tomllib.load(file).get("server", {}).get("address", "")
    return os.environ.get("STREAMLIT_SERVER_ADDRESS") or in_file or "localhost"


def parse_port(text: str, source: str) -> int:
    """Return a text as a port number, 0 to 65535; 0 lets the system choose.

    Args:
        text: The text.
        source: Origin of the text, for the error message.

    Raises:
        ValueError: The text is not a port number. The message is for the terminal.
    """
    if text.isdecimal() and int(text) <= 65_535:
        return int(text)
    raise ValueError(
        f"{source} is {text!r}, but a port is a whole number from 0 to 65535; "
        f"leave it out for {DEFAULT_PORT}, or give one such as {DEFAULT_PORT + 1}."
    )


def bind_error(address: str, port: int) -> OSError | None:
    """Return why nothing can listen on an address and port, or None if that is possible.

    The function binds a socket as the server would, and closes it.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name != "nt":
            # A port whose last connections are still closing can be bound again; on Windows
            # this option would let two servers share one.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return error
    return None


def explain(error: OSError, address: str, port: int) -> str:
    """Return one sentence about a port that cannot be used: the problem and the remedy."""
    if error.errno == errno.EADDRINUSE:
        free = (
            candidate
            for candidate in range(port + 1, min(port + PORTS_TO_TRY, 65_535) + 1)
            if bind_error(address, candidate) is None
        )
        return (
            f"Port {port} is in use by another program, perhaps by this lab in another "
            "terminal, so the server did not start; stop that program, or choose another port: "
            f"scripts/run --port {next(free, DEFAULT_PORT)}"
        )
    if error.errno == errno.EACCES:
        return (
            f"Port {port} is reserved for the system's services, so the server did not start; "
            f"choose a port above 1023: scripts/run --port {DEFAULT_PORT}"
        )
    return (
        f"Cannot listen on {address}, port {port} ({error.strerror or error}), so the server did "
        "not start; give an address of this machine: scripts/run --server.address localhost"
    )


def network_address() -> str:
    """Return the address of this machine for other machines in the network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing; the system only chooses the address that it would send from.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return socket.gethostname()
        name: str = probe.getsockname()[0]
        return name


def fail(sentence: str) -> NoReturn:
    """Print a sentence to the terminal and exit with code 2."""
    print(sentence, file=sys.stderr)
    sys.exit(2)


def main() -> None:
    """Parse and check the port, and start ``streamlit run``."""
    parser = argparse.ArgumentParser(
        prog="scripts/run",
        description="Serve the lab and print its address. Ctrl+C stops it.",
        epilog="All other options are passed to `streamlit run`.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--port",
        "--server.port",
        metavar="N",
        help=f"port to listen on (default: MNIST_LAB_PORT, or {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--server.address",
        dest="address",
        metavar="HOST",
        help="where to listen: localhost (only this machine) or 0.0.0.0 (the whole network)",
    )
    given, rest = parser.parse_known_args()
    address = given.address or configured_address()
    try:
        if given.port is not None:
            port = parse_port(given.port, "The port")
        else:
            port = parse_port(
                os.environ.get("MNIST_LAB_PORT") or str(DEFAULT_PORT), "MNIST_LAB_PORT"
            )
    except ValueError as error:
        fail(str(error))
    refused = bind_error(address, port)
    if refused is not None:
        fail(explain(refused, address, port))

    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")]
    command += [f"--server.address={address}", f"--server.port={port}"]
    if address in EVERYWHERE:
        # Streamlit would ask a host on the internet for the address to print.
        command.append(f"--browser.serverAddress={network_address()}")
    command += rest
    if sys.getfilesystemencoding() != "utf-8":  # file names are UTF-8 on all current systems
        os.environ["PYTHONUTF8"] = "1"
    os.chdir(ROOT)  # Streamlit reads .streamlit/config.toml from here
    if os.name == "nt":  # Windows has no exec that keeps the terminal
        sys.exit(subprocess.call(command))
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main()
