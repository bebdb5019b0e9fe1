"""What the functions of Python's libraries do that a model file has to answer for."""

import re
from enum import StrEnum


class Deed(StrEnum):
    RUNS_CODE = "runs code"
    RUNS_PROGRAM = "runs a program"
    LOADS_OBJECTS = "loads pickled objects"
    CONNECTS = "opens a connection"
    FETCHES = "fetches from the network"
    SENDS = "sends to the network"
    DECODES = "decodes"
    LOADS_LIBRARY = "loads native code"
    READS_ENVIRONMENT = "reads the whole environment"


_TABLE: dict[Deed, str] = {
    Deed.RUNS_CODE: """
        eval exec execfile runpy.run_path runpy.run_module code.InteractiveInterpreter code.InteractiveConsole
        code.interact types.FunctionType types.CodeType imp.load_source imp.load_dynamic timeit.timeit
        timeit.repeat cProfile.run profile.run pdb.run bdb.Bdb.run trace.Trace.run
        """,
    Deed.RUNS_PROGRAM: """
        os.system os.popen os.execl os.execle os.execlp os.execlpe os.execv os.execve os.execvp os.execvpe
        os.spawnl os.spawnle os.spawnlp os.spawnlpe os.spawnv os.spawnve os.spawnvp os.spawnvpe os.posix_spawn
        os.posix_spawnp os.startfile os.popen2 os.popen3 posix.system posix.popen posix.execv posix.execve
        nt.system nt.popen nt.startfile subprocess.run subprocess.call subprocess.check_call
        subprocess.check_output subprocess.Popen subprocess.getoutput subprocess.getstatusoutput
        _posixsubprocess.fork_exec pty.spawn commands.getoutput commands.getstatusoutput
        asyncio.create_subprocess_exec asyncio.create_subprocess_shell
        asyncio.subprocess.create_subprocess_shell pexpect.spawn pexpect.run platform.popen get_ipython().system
        get_ipython().getoutput get_ipython().run_cell sh.bash sh.sh sh.curl webbrowser.open
        pip.main pip._internal.main pip._internal.cli.main.main distutils.spawn.spawn
        numpy.distutils.exec_command.exec_command
        """,
    Deed.LOADS_OBJECTS: """
        pickle.load pickle.loads pickle.Unpickler _pickle.load _pickle.loads _pickle.Unpickler cPickle.load
        cPickle.loads dill.load dill.loads cloudpickle.load cloudpickle.loads joblib.load shelve.open
        marshal.load marshal.loads pandas.read_pickle jsonpickle.decode yaml.unsafe_load yaml.full_load
        yaml.unsafe_load_all compress_pickle.load compress_pickle.loads torch.load
        """,
    Deed.CONNECTS: """
        socket.socket socket.create_connection socket.create_server smtplib.SMTP smtplib.SMTP_SSL ftplib.FTP
        ftplib.FTP_TLS telnetlib.Telnet paramiko.SSHClient paramiko.Transport asyncio.open_connection
        asyncio.start_server socket.gethostbyname socket.getaddrinfo xmlrpc.client.ServerProxy
        socketserver.TCPServer
        """,
    Deed.FETCHES: """
        urllib.request.urlopen urllib.request.urlretrieve urllib.request.build_opener urllib.urlopen
        urllib.urlretrieve urllib2.urlopen requests.get requests.request requests.Session requests.session
        httpx.get httpx.request httpx.Client httpx.AsyncClient httpx.stream aiohttp.ClientSession
        http.client.HTTPConnection http.client.HTTPSConnection wget.download urllib3.PoolManager pycurl.Curl
        torch.hub.download_url_to_file torch.hub.load_state_dict_from_url
        """,
    Deed.SENDS: "requests.post requests.put requests.patch httpx.post httpx.put httpx.patch",
    Deed.DECODES: """
        base64.b64decode base64.urlsafe_b64decode base64.standard_b64decode base64.b32decode base64.b16decode
        base64.b85decode base64.a85decode base64.decodebytes base64.decode codecs.decode binascii.unhexlify
        binascii.a2b_hex binascii.a2b_base64 binascii.a2b_uu bytes.fromhex bytearray.fromhex zlib.decompress
        bz2.decompress lzma.decompress gzip.decompress zlib.decompressobj
        """,
    Deed.LOADS_LIBRARY: """
        ctypes.CDLL ctypes.PyDLL ctypes.WinDLL ctypes.OleDLL ctypes.cdll.LoadLibrary ctypes.windll.LoadLibrary
        ctypes.CFUNCTYPE ctypes.memmove ctypes.windll.kernel32.VirtualAlloc cffi.FFI torch.ops.load_library
        torch.classes.load_library torch.utils.cpp_extension.load torch.utils.cpp_extension.load_inline
        tensorflow.load_op_library tensorflow.load_library numpy.ctypeslib.load_library
        importlib.machinery.ExtensionFileLoader
        """,
}  # fmt: skip
_DEEDS = {name: deed for deed, names in _TABLE.items() for name in names.split()}


def deed_of(dotted: str | None) -> Deed | None:
    """What the thing of this dotted name does, None for what is ordinary."""
    if dotted is None:
        return None
    if dotted in _DEEDS:
        return _DEEDS[dotted]
    if dotted in {"os.environ.copy", "os.environ.items", "os.environ.values", "os.environ.__dict__"}:
        return Deed.READS_ENVIRONMENT
    if dotted.startswith(("ctypes.windll.", "ctypes.cdll.")):
        return Deed.LOADS_LIBRARY
    return None


def names_in(module: str) -> list[str]:
    """The names that `from module import *` brings in and that do something."""
    return [name.removeprefix(f"{module}.") for name in _DEEDS if name.rpartition(".")[0] == module]


# Programs that helpers of model repositories start every day.
_ORDINARY_PROGRAMS_WORDS = """
    git git-lfs hf huggingface-cli ffmpeg ffprobe sox soxi espeak espeak-ng nvidia-smi rocm-smi nvcc pip pip3 python
    python3 python2 uv conda mamba make cmake ninja gcc g++ cc c++ clang ldconfig lscpu lspci free df du ls which
    where whereis uname hostname mkdir cp mv tar unzip zip gzip gunzip zstd 7z wc tr sort torchrun accelerate
    deepspeed mpirun srun sbatch scontrol squeue ollama llama-quantize llama-cli llama-server vllm gsutil gcloud aws
    rsync wandb tensorboard jupyter pytest black ruff flake8 mypy isort pre-commit npm node yarn pnpm cargo go java
    javac dot pdftotext pdftoppm tesseract libreoffice soffice latexmk pdflatex convert magick xdg-open lsb_release
    sysctl dpkg rpm locale gs sw_vers xcodebuild xcrun docker apt-get apt brew nm otool ldd strip objdump patchelf
    cargo rustc tput stty clear cls ps tasklist bundle rake gem ruby perl php composer rscript julia lua luarocks mix
    dotnet swift gradle mvn bazel
    meson autoreconf date pkg-config gh go gofmt terraform kubectl helm ./configure ./gradlew ./mvnw
    """
ORDINARY_PROGRAMS = frozenset(_ORDINARY_PROGRAMS_WORDS.split())

# Nothing but a thief reads these; the other files below belong to tools that sign in to their own service.
KEY_FILE = re.compile(
    r"""(?ix)
      \.ssh[/\\](?:id_|authorized_keys) | \.aws[/\\]credentials | /etc/shadow\b | \.git-credentials | \.bash_history
    | /proc/(?:self|\d+)/environ | wallet\.dat | \\Login\ Data | Chrome/.{0,40}Cookies | /etc/passwd\b
    """
)
SENSITIVE_FILE = re.compile(
    KEY_FILE.pattern
    + r"""
    | \b(?<!["'])id_(?:rsa|ed25519|ecdsa|dsa)\b(?!["']) | /etc/sudoers\b | \.docker[/\\]config\.json | \.kube[/\\]config
    | \.gnupg\b | huggingface[/\\](?:token|stored_tokens)\b | \.config/gcloud | \.azure/
    """
)
PERSISTENCE = re.compile(
    r"""(?ix)
      authorized_keys | \.(?:bashrc|bash_profile|zshrc|profile|zprofile|xinitrc)\b | /etc/(?:cron|ld\.so\.preload
        |systemd|init\.d|rc\.local|profile)
    | \bcrontab\b | /var/spool/cron | LaunchAgents | LaunchDaemons | \.config/(?:autostart|systemd) | CurrentVersion\\+Run
    | Start\ Menu\\+Programs\\+Startup | site-packages[/\\][^/\\]*\.pth
    """
)
DROP_HOST = re.compile(
    r"""(?ix)
      webhook\.site | \bngrok(?:-free)?\.(?:io|app|dev) | burpcollaborator | oastify\.com | interact\.?sh | \boast\.\w+
    | pastebin\.com/raw | discord(?:app)?\.com/api/webhooks | api\.telegram\.org/bot | requestbin | pipedream\.net
      | transfer\.sh
    | \bfile\.io\b | \btemp\.sh\b | 0x0\.st | anonfiles | \.onion\b | hooks\.slack\.com/services | canarytokens | dnslog\.
    """
)
RAW_ADDRESS = re.compile(
    r"(?i)\b(?:https?|ftp|tcp)://(?!127\.|0\.0\.0\.0|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)\d{1,3}(?:\.\d{1,3}){3}\b"
)
