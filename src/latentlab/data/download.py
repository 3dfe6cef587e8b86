"""Files of data sets from mirrors, with known hashes."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pooch
from requests import exceptions as http
from urllib3.exceptions import MaxRetryError

from latentlab.data.images import DataError

_TIMEOUTS = (10, 30)  # seconds to connect, and without a byte
_WAITS = (0.5, 1.0)  # seconds before a transfer that broke off is tried again
_PACKED = b"\x1f\x8b"  # how a .gz file begins


class Unreachable(DataError):
    """No mirror has the file, and none gave other bytes in its place."""


class _Failure(Exception):
    """A place does not give a file; the message says why in a few words."""


def fetch(
    name: str,
    source: str | None,
    mirrors: Sequence[str],
    sha256: Mapping[str, str],
    cache_dir: str | Path,
) -> dict[str, Path]:
    """Obtain the files of a data set into a folder; return their paths by file name.

    name : the data set, e.g. "mnist"
    source : a folder or URL laid out <data set>/<file> that is asked first, the value of the
        environment variable DATA_MIRROR; None or "" for none
    mirrors : URLs (or folders) that hold the files themselves, tried in turn
    sha256 : expected hash, hexadecimal, by file name
    cache_dir : where the files go; one that is there with the right hash is not fetched again

    A transfer that breaks off is repeated. Whatever else is wrong with a place, the next one is
    asked, for the following files too: another hash, no connection, no file.
    Raises DataError where no place is left and one of them had other bytes, else Unreachable; each
    in one line that names every place and what is wrong with it. A page in the place of a file, of
    a network that wants a login, say, counts as no file.
    """
    places = [f"{source.rstrip('/')}/{name}"] if source else []
    places += [mirror.rstrip("/") for mirror in mirrors]
    return {file: _obtain(name, file, sha256[file], places, Path(cache_dir)) for file in sha256}


def _obtain(name: str, file: str, digest: str, places: list[str], folder: Path) -> Path:
    """One file from the first place that has it; places that do not are put last."""
    reasons, other_bytes = [], False
    for place in tuple(places):
        try:
            url = f"{place}/{file}"
            return Path(pooch.retrieve(url, f"sha256:{digest}", file, folder, downloader=_download))
        except _Failure as failure:
            reasons.append(f"{place} ({failure})")
        except ValueError as mismatch:  # pooch's: another hash
            reasons.append(f"{place} ({str(mismatch).partition('. ')[0]})")
            other_bytes = True
        places.remove(place)
        places.append(place)
    raise (DataError if other_bytes else Unreachable)(
        f"{name}: {file} cannot be had from {', '.join(reasons) or 'anywhere, no mirror is given'}"
        f"; take {name} out of vae.datasets in params.yaml, or set DATA_MIRROR to a folder or URL "
        "laid out <dataset>/<file>"
    )


def _download(url: str, target: str, _: object) -> None:
    """Copy or download one file, as pooch asks; raises _Failure. A full disk is an OSError."""
    if url.startswith("file://") or "://" not in url:
        _copy(unquote(urlsplit(url).path) if "://" in url else url, Path(target))
    else:
        _get(url, target)
    with open(target, "rb") as file:
        start = file.read(24)
    if url.endswith(".gz") and not start.startswith(_PACKED):  # a page, mostly: no network yet
        raise _Failure(
            f"no .gz file came, but what begins with {start.decode('ascii', 'replace')!r}"
        )


def _copy(path: str, target: Path) -> None:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise _Failure(error.strerror) from error
    target.write_bytes(content)


def _get(url: str, target: str) -> None:
    download = pooch.HTTPDownloader(
        progressbar=sys.stderr.isatty(),
        chunk_size=2**16,
        timeout=_TIMEOUTS,
        headers={"Accept-Encoding": "identity"},
        hooks={"response": _as_sent},
    )
    for wait in (*_WAITS, None):
        try:
            download(url, target, None)
            return
        except (ValueError, OSError) as error:
            if getattr(error, "errno", None) and not isinstance(error, http.RequestException):
                raise  # of this machine's disk
            reason, again = _diagnosis(error)
            if wait is None or not again:
                raise _Failure(reason) from error
            time.sleep(wait)


def _as_sent(response: Any, **_: object) -> None:
    """A .gz file that its server calls encoded by gzip is not unpacked: it has another hash."""
    response.raw.headers.pop("Content-Encoding", None)


def _diagnosis(error: OSError | ValueError) -> tuple[str, bool]:
    """What is at fault, in a few words; whether to try again."""
    if isinstance(error, http.HTTPError) and error.response is not None:
        status = error.response.status_code
        return f"HTTP status {status}", status >= 500 or status == 429
    if isinstance(error, http.ProxyError | http.InvalidProxyURL):
        return "no connection through the proxy that the environment sets", False
    if isinstance(error, http.SSLError):
        why = re.search(r"certificate verify failed: [^('\"]*\w", str(error))
        return f"no secure connection{f', {why[0]}' if why else ''}", False
    # requests hides what could not be connected to in urllib3's MaxRetryError
    unconnected = bool(error.args) and isinstance(error.args[0], MaxRetryError)
    if unconnected or isinstance(error, http.ConnectTimeout):
        return "no connection", False
    if isinstance(error, http.ConnectionError | http.Timeout | http.ChunkedEncodingError):
        return "the transfer broke off", True
    return " ".join(str(error).split()) or type(error).__name__, False
