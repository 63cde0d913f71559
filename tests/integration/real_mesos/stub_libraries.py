"""Stand-ins for the libraries of 2016 that the published binary was linked against.

It is a CPython 2 extension and asks for OpenSSL 1.0 and for libcurl under an old symbol version. A cluster that speaks
plain HTTP calls neither Python nor OpenSSL, so those functions only have to exist; they say their name should one be
called after all. libcurl is there on today's systems, under another version: calls are passed on.
"""

import re
import subprocess
from pathlib import Path

_OPENSSL_VERSIONS = ("OPENSSL_1.0.0", "OPENSSL_1.0.1", "OPENSSL_1.0.2")

_EMPTY = 'long %s(void) { fprintf(stderr, "%s is not there\\n"); return 0; }\n'

_CURL = r"""
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
static void *real(const char *name) {
  static void *curl = NULL;
  if (!curl) curl = dlopen("/usr/lib/x86_64-linux-gnu/libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (!curl) { fprintf(stderr, "libcurl: %s\n", dlerror()); abort(); }
  return dlsym(curl, name);
}
#define PASS_ON(result, name, parameters, arguments) \
  result name parameters { return ((result (*) parameters) real(#name)) arguments; }
PASS_ON(int, curl_global_init, (long flags), (flags))
PASS_ON(void *, curl_easy_init, (void), ())
PASS_ON(void, curl_easy_cleanup, (void *handle), (handle))
PASS_ON(int, curl_easy_perform, (void *handle), (handle))
PASS_ON(void *, curl_easy_strerror, (int code), (code))
/* These two take a variable argument, always one word here. */
int curl_easy_setopt(void *handle, int option, void *value) {
  return ((int (*)(void *, int, ...)) real("curl_easy_setopt"))(handle, option, value);
}
int curl_easy_getinfo(void *handle, int info, void *value) {
  return ((int (*)(void *, int, ...)) real("curl_easy_getinfo"))(handle, info, value);
}
"""


def build_all(binary: Path, folder: Path) -> None:
    """Put into ``folder`` the libraries that ``binary`` does not find on a system of today."""
    folder.mkdir(parents=True, exist_ok=True)
    openssl: dict[str, list[str]] = {
        version: [f"only_for_{version[-5:].replace('.', '_')}"] for version in _OPENSSL_VERSIONS
    }
    curl: dict[str, list[str]] = {}
    python: list[str] = []
    for name, version in _wanted(binary):
        if version.startswith("OPENSSL"):
            openssl.setdefault(version, []).append(name)
        elif version.startswith("CURL"):
            curl.setdefault(version, []).append(name)
        elif re.match(r"_?Py", name):
            python.append(name)
    functions = "#include <stdio.h>\n" + "".join(_EMPTY % (name, name) for names in openssl.values() for name in names)
    _build(folder, "libssl.so.1.0.0", functions, openssl)
    _build(folder, "libcrypto.so.1.0.0", functions, openssl)
    _build(folder, "libcurl.so.4", _CURL, curl)
    # Exceptions and None are objects whose address is taken when the library is loaded, not functions.
    objects = [name for name in python if name.startswith(("PyExc", "_Py_None"))]
    source = "#include <stdio.h>\n" + "".join(f"long {name}[64];\n" for name in objects)
    source += "".join(_EMPTY % (name, name) for name in python if name not in objects)
    _build(folder, "libcpython.so", source, {})


def _wanted(binary: Path) -> list[tuple[str, str]]:
    """The undefined symbols of ``binary``, each with its version ("" for none)."""
    listed = subprocess.run(["nm", "-D", "--undefined-only", str(binary)], capture_output=True, text=True, check=True)
    symbols = [line.split()[-1] for line in listed.stdout.splitlines() if line.strip()]
    return [(name, version) for name, _, version in (symbol.partition("@") for symbol in symbols)]


def _build(folder: Path, library: str, source: str, versions: dict[str, list[str]]) -> None:
    code = folder / f"{library}.c"
    code.write_text(source)
    command = ["gcc", "-shared", "-fPIC", "-w", "-O1", f"-Wl,-soname,{library}", "-o", str(folder / library), str(code)]
    if versions:
        script = folder / f"{library}.map"
        blocks = [f"{version} {{ global: {'; '.join(names)}; }};\n" for version, names in sorted(versions.items())]
        script.write_text("".join(blocks))
        command.append(f"-Wl,--version-script,{script}")
    subprocess.run([*command, "-ldl"], check=True, capture_output=True)
