"""Files with one fault each: the marked place, the code of the finding, a piece of its message and of its help."""

from __future__ import annotations

from dataclasses import dataclass

HEAD = "apiVersion: dfsubmit/v1\nkind: AiApp\n"
NAME = "metadata: {name: demo}\n"
SPEC = "spec:\n  aiWorkspaceId: 6ZKSGoSJMMwctK257nxgiL\n  namePrefix: bert\n"
DOCKER = "  docker:\n    image: pytorch/pytorch:2.3.1\n    command: python train.py\n"
APP = HEAD + NAME + SPEC + DOCKER
PROJECT = "apiVersion: dfsubmit/v1\nkind: Project\nmetadata: {name: demo}\n"


@dataclass(frozen=True)
class Case:
    """A file with one fault: the marked place, the code, a piece of the message, and a piece of the help."""

    text: str
    code: str
    message: str
    help: str = ""

    @property
    def plain(self) -> str:
        """Return the file without the marks."""
        return self.text.replace("«", "").replace("»", "")


def docker(*lines: str) -> str:
    return APP + "".join(f"    {line}\n" for line in lines)


def spec(*lines: str) -> str:
    return APP + "".join(f"  {line}\n" for line in lines)


def project(*lines: str) -> str:
    return PROJECT + "spec:\n" + "".join(f"  {line}\n" for line in lines)


UNKNOWN = {
    "misspelt required key": Case(
        APP.replace("command", "«comand»"),
        "DF0201",
        'unknown key "comand" in spec.docker',
        'did you mean "command"? It is required',
    ),
    "misspelt optional key": Case(spec("«queueNam»: gpu"), "DF0201", '"queueNam" in spec', 'did you mean "queueName"?'),
    "misspelt section": Case(
        spec("«resorce»: {gpuCount: 2}"), "DF0201", '"resorce" in spec', 'did you mean "resource"?'
    ),
    "misspelt metadata": Case(
        APP.replace("metadata", "«metdata»"), "DF0201", '"metdata" in the document', '"metadata"'
    ),
    "misspelt kind key": Case(APP.replace("kind:", "«Kind»:"), "DF0201", '"Kind" in the document', '"kind"'),
    "misspelt apiVersion key": Case(
        APP.replace("apiVersion", "«apiversion»"), "DF0201", '"apiversion"', '"apiVersion"'
    ),
    "other letter case": Case(
        APP.replace("aiWorkspaceId", "«AIWorkspaceId»"), "DF0201", '"AIWorkspaceId"', '"aiWorkspaceId"? Keys are spelt'
    ),
    "snake case": Case(APP.replace("namePrefix", "«name_prefix»"), "DF0201", '"name_prefix"', '"namePrefix"? Keys'),
    "key one level too high": Case(
        HEAD + NAME + SPEC + "  «image»: a:1\n  docker: {command: run}\n",
        "DF0201",
        'unknown key "image" in spec',
        '"image" belongs under spec.docker',
    ),
    "name at the top": Case(
        HEAD + "«name»: demo\n" + SPEC + DOCKER, "DF0201", '"name" in the document', '"name" belongs under metadata'
    ),
    "another tool's word": Case(
        docker("«environment»: {A: b}"), "DF0201", '"environment" in spec.docker', 'is called "env" here'
    ),
    "another tool's word for a required key": Case(
        APP.replace("command", "«entrypoint»"), "DF0201", '"entrypoint"', 'is called "command" here'
    ),
    "another tool's word elsewhere": Case(
        spec("«gpus»: 2"), "DF0201", 'unknown key "gpus" in spec', "write it as spec.resource.gpuCount"
    ),
    "resources of Kubernetes": Case(
        spec("«resources»: {limits: {nvidia.com/gpu: 1}}"), "DF0201", '"resources" in spec', '"resource"?'
    ),
    "keys of spec at the top": Case(
        HEAD
        + NAME
        + SPEC.replace("spec:\n", "").replace("  ", "").replace("aiWorkspaceId", "«aiWorkspaceId»")
        + "docker: {image: 'a:1', command: run}\n",
        "DF0201",
        'unknown keys "aiWorkspaceId", "namePrefix", "docker" in the document',
        "they belong under spec: put the line spec: in front of them",
    ),
    "memory with a unit under another name": Case(
        spec("resource: {«memory»: 16Gi}"), "DF0201", '"memory" in spec.resource', "write memoryMb: 16384"
    ),
    "memory with the unit in its name": Case(
        spec("resource: {«memoryGb»: 16}"), "DF0201", '"memoryGb" in spec.resource', "write memoryMb: 16384"
    ),
    "key in another spelling beside itself": Case(
        spec("resource: {cpuCount: 4, «cpucount»: 8}"), "DF0201", '"cpucount"', '"cpuCount" is there already'
    ),
    "short word for metadata": Case(
        APP.replace("metadata", "«meta»"), "DF0201", '"meta" in the document', 'called "metadata" here'
    ),
    "nothing known": Case(
        docker("«volumes»: []"),
        "DF0201",
        '"volumes"',
        "known here are: image, command, args, env, exposeTcpPorts, workdir",
    ),
    "guess whose value would not do": Case(spec("«date»: 2024-01-01"), "DF0201", '"date" in spec', '"data"?'),
    "key in an item of a list": Case(
        spec("data: {input: [{hdfs: /a, path: a, «overwrite»: true}]}"),
        "DF0201",
        'unknown key "overwrite" in spec.data.input[0]',
        "known here are: hdfs, path",
    ),
    "key of a list's item misspelt": Case(
        spec("data:", "  input:", "    - «hfds»: /a", "      path: a"),
        "DF0201",
        '"hfds" in spec.data.input[0]',
        '"hdfs"?',
    ),
    "key in a Project": Case(
        project("limits: {«maxSubmits»: 5}"), "DF0201", '"maxSubmits" in spec.limits', '"maxSubmit"?'
    ),
    "keys of the other engine without a type": Case(
        project("engine: {«account»: nlp, baseUrl: 'https://df.example'}"),
        "DF0201",
        '"account" in spec.engine',
        "key for type: dataforest; add that line",
    ),
    "key of the other engine": Case(
        project("engine: {type: local, «account»: nlp}"),
        "DF0201",
        '"account" in spec.engine',
        "key for type: dataforest",
    ),
    "key of the other ledger": Case(
        project("ledger: {type: git, «path»: ledger.db}"), "DF0201", '"path" in spec.ledger', "key for type: sqlite"
    ),
    "keys of the other ledger without a type": Case(
        project("ledger: {«remote»: origin, ref: ledger}"), "DF0201", '"remote" in spec.ledger', "key for type: git"
    ),
}
MISSING = {
    "metadata": Case(
        "«apiVersion»: dfsubmit/v1\nkind: AiApp\n" + SPEC + DOCKER, "DF0202", 'missing key "metadata"', "name:"
    ),
    "name": Case(
        HEAD + "«metadata»: {}\n" + SPEC + DOCKER,
        "DF0202",
        'missing key "name" in metadata',
        "add the line: name: bert-finetune",
    ),
    "spec": Case(
        "«apiVersion»: dfsubmit/v1\nkind: AiApp\n" + NAME,
        "DF0202",
        'missing key "spec"',
        "spec:\n  aiWorkspaceId: 6ZKSGoSJMMwctK257nxgiL\n  namePrefix: bert\n  docker:\n    image: pytorch/pytorch:2.3.1\n",
    ),
    "workspace": Case(
        HEAD + NAME + "«spec»:\n  namePrefix: bert\n" + DOCKER,
        "DF0202",
        '"aiWorkspaceId" in spec',
        "aiWorkspaceId: 6ZK",
    ),
    "command": Case(
        HEAD + NAME + SPEC + "  «docker»: {image: a:1}\n",
        "DF0202",
        'missing key "command" in spec.docker',
        "add the line: command: python train.py",
    ),
    "key of a list's item": Case(
        spec("data:", "  output:", "    - «path: out»"),
        "DF0202",
        'missing key "hdfs" in spec.data.output[0]',
        "add the line",
    ),
    "empty item of a list": Case(
        spec("data: {input: [{hdfs: /a, path: b}, {hdfs: /b, path: c}, «{hdfs: /c}»]}"),
        "DF0202",
        'missing key "path" in spec.data.input[2]',
        "path: data_in",
    ),
}
MISSING |= {
    "several keys": Case(
        HEAD + NAME + "spec:\n  docker: {image: 'a:1', command: run}\n".replace("spec", "«spec»", 1),
        "DF0202",
        'missing keys "aiWorkspaceId" and "namePrefix" in spec',
        "add, with your own values:\naiWorkspaceId:",
    ),
    "entry of a list in two": Case(
        spec("data:", "  input:", "    - hdfs: /a", "    - «path»: a"),
        "DF0202",
        'missing key "path" in spec.data.input[0]: it stands in an entry of its own',
        "remove the dash",
    ),
}
TYPES = {
    "number for text": Case(
        docker("env: {EPOCHS: «3»}"), "DF0203", "spec.docker.env.EPOCHS must be text or", 'quote it: "3"'
    ),
    "number in its own spelling": Case(docker("env: {V: «0o17»}"), "DF0203", "the number 15", 'quote it: "0o17"'),
    "version for text": Case(docker("env: {V: «1.10»}"), "DF0203", "the number 1.1", 'quote it: "1.10"'),
    "boolean for text": Case(docker("env: {DEBUG: «true»}"), "DF0203", "is the boolean true", 'quote it: "true"'),
    "label": Case(
        APP.replace("{name: demo}", "{name: demo, labels: {year: «2024»}}"),
        "DF0203",
        "metadata.labels.year must be text, but is the number 2024",
        'quote it: "2024"',
    ),
    "tagged number": Case(docker("env: {A: !!int «3»}"), "DF0203", "the number 3", 'quote it: "3"'),
    "command as a list": Case(
        APP.replace("python train.py", "«[python, train.py, --name, a b]»"),
        "DF0203",
        "spec.docker.command must be text, but is a list",
        "write it as one text: command: \"python train.py --name 'a b'\"",
    ),
    "args as a list": Case(docker("args:", "  «- --epochs", "  - 3»"), "DF0203", "is a list", 'args: "--epochs 3"'),
    "map for text": Case(APP.replace("python train.py", "«{run: a}»"), "DF0203", "is a map", "write one text"),
    "list for a variable": Case(docker("env: {A: «[{}]»}"), "DF0203", "is a list", "{fromEnv: NAME} for a secret"),
    "quoted number": Case(
        spec('resource: {gpuCount: «"4"»}'),
        "DF0204",
        'spec.resource.gpuCount must be a whole number, but is the text "4"',
        "remove the quotes: gpuCount: 4",
    ),
    "word for a number": Case(spec("resource: {gpuCount: «two»}"), "DF0204", 'the text "two"', "such as 2"),
    "memory with a unit": Case(spec("resource: {memoryMb: «16Gi»}"), "DF0204", 'the text "16Gi"', "memoryMb: 16384"),
    "memory in MB with a unit": Case(spec("resource: {memoryMb: «512 MB»}"), "DF0204", '"512 MB"', "memoryMb: 512"),
    "fraction": Case(spec("resource: {cpuCount: «1.5»}"), "DF0204", "is the number 1.5", "such as 4"),
    "boolean for a number": Case(spec("resource: {cpuCount: «true»}"), "DF0204", "is the boolean true", "such as 4"),
    "list for a number": Case(spec("resource: {cpuCount: «[4]»}"), "DF0204", "is a list", "without brackets"),
    "infinity": Case(project("submission: {settleSeconds: «.inf»}"), "DF0204", "settleSeconds must be a number", "30"),
    "port as text": Case(docker("exposeTcpPorts: [«'6006'»]"), "DF0204", "exposeTcpPorts[0] must be", "6006"),
    "yes for true": Case(
        spec("data: {output: [{hdfs: /a, path: b, overwrite: «yes»}]}"),
        "DF0205",
        "overwrite must be true or false",
        "write overwrite: true",
    ),
    "quoted false": Case(
        project("submission: {marker: «'false'»}"), "DF0205", 'the text "false"', "write marker: false"
    ),
    "number for true": Case(
        project("submission: {marker: «2»}"), "DF0205", "the number 2", "marker: true or marker: false"
    ),
    "one port": Case(docker("exposeTcpPorts: «6006»"), "DF0206", "must be a list", "exposeTcpPorts: [6006]"),
    "one earlier name": Case(
        APP.replace("{name: demo}", "{name: demo, moved: «old»}"),
        "DF0206",
        "metadata.moved must be a list",
        "moved: [old]",
    ),
    "map for a list": Case(
        spec("data:", "  input:", "    «hdfs: /a", "    path: a»"),
        "DF0206",
        "spec.data.input must be a list",
        "put `- ` before",
    ),
    "flow map for a list": Case(spec("data: {input: «{hdfs: /a, path: a}»}"), "DF0206", "is a map", "in brackets"),
    "env as Kubernetes has it": Case(
        docker(
            "env:", "  «- name: EPOCHS", "    value: '3'", "  - name: TOKEN", "    valueFrom: {secretKeyRef: {key: a}}»"
        ),
        "DF0207",
        "spec.docker.env must be a map, but is a list",
        'env: {EPOCHS: "3", TOKEN: {fromEnv: TOKEN}}',
    ),
    "env as Compose has it": Case(docker("env: «[EPOCHS=3, A=b]»"), "DF0207", "is a list", 'env: {EPOCHS: "3", A: b}'),
    "text for docker": Case(
        HEAD + NAME + SPEC + "  docker: «pytorch/pytorch:2.3.1»\n",
        "DF0207",
        "spec.docker must be a map",
        "write a map, such as {image: pytorch/pytorch:2.3.1, command: python train.py}",
    ),
    "text for metadata": Case(
        HEAD + "metadata: «demo»\n" + SPEC + DOCKER, "DF0207", "metadata must be a map", "metadata: {name: demo}"
    ),
    "list for resource": Case(
        spec("resource:", "  «- gpuCount: 1»"), "DF0207", "spec.resource must be a map", "remove the dash"
    ),
    "two entries for resource": Case(
        spec("resource:", "  «- gpuCount: 1", "    cpuCount: 1", "  - gpuModel: T4»"),
        "DF0207",
        "spec.resource must be a map",
        "its keys are: cpuCount, gpuCount",
    ),
    "text for an entry": Case(
        spec("data: {input: [«/a»]}"), "DF0207", "spec.data.input[0] must be a map", "such as {hdfs: /a, path: data_in}"
    ),
    "assignments for env": Case(docker("env: «A=b»"), "DF0207", "spec.docker.env must be a map", "env: {A: b}"),
    "names among assignments": Case(
        docker("env:", "  «- A=b", "  - TOKEN»"), "DF0207", "must be a map, but is a list", "TOKEN: {fromEnv: TOKEN}"
    ),
    "number with separators": Case(
        spec("resource: {memoryMb: «15_360»}"), "DF0204", "must be a whole number", "separators: memoryMb: 15360"
    ),
    "number with a comma behind it": Case(
        spec("resource:", "  cpuCount: «4,»"), "DF0204", "must be a whole number", "remove the , behind it: cpuCount: 4"
    ),
    "number with a comment too near": Case(
        spec("resource: {cpuCount: «4#four»}"), "DF0204", "must be a whole number", "of the #: cpuCount: 4 #four"
    ),
    "number in full-width digits": Case(
        spec("resource: {gpuCount: «\uff11»}"), "DF0204", "must be a whole number", "ASCII digits: gpuCount: 1"
    ),
    "variable for a number": Case(
        spec("resource: {gpuCount: «$GPUS»}"), "DF0204", "must be a whole number", "nothing fills in variables"
    ),
    "pair of ports": Case(
        docker("exposeTcpPorts: [«'8080:80'»]"), "DF0204", "exposeTcpPorts[0] must be", "of the container alone: 80"
    ),
    "port with its protocol": Case(
        docker("exposeTcpPorts: [«6006/tcp»]"), "DF0204", "exposeTcpPorts[0] must be", "of the container alone: 6006"
    ),
    "port of Kubernetes": Case(
        docker("exposeTcpPorts: [«{containerPort: 80}»]"),
        "DF0204",
        "exposeTcpPorts[0] must be",
        "the number alone: 80",
    ),
    "quoted port": Case(
        docker("exposeTcpPorts: [«'80'»]"), "DF0204", "exposeTcpPorts[0] must", "remove the quotes: 80"
    ),
    "list in round brackets": Case(
        docker("exposeTcpPorts: «(6006)»"), "DF0206", "exposeTcpPorts must be a list", "exposeTcpPorts: [6006]"
    ),
    "misspelt boolean": Case(
        spec("data: {output: [{hdfs: /a, path: a, overwrite: «flase»}]}"),
        "DF0205",
        "overwrite must be true or false",
        "did you mean false?",
    ),
    "text for the engine": Case(
        project("engine: «dataforest»"), "DF0207", "spec.engine must be a map", "its keys are: type"
    ),
}
NULLS = {
    "value behind a comment's mark": Case(
        docker("env:", "  «COLOUR»: #fff"), "DF0208", "env.COLOUR has no value", 'comment; if it is the value: "#fff"'
    ),
    "nothing after the key": Case(
        spec("«queueName»:"), "DF0208", "spec.queueName has no value", "such as gpu, or leave"
    ),
    "the word null": Case(
        spec("queueName: «null»"), "DF0208", "has no value", 'if the word is meant, quote it: "null"'
    ),
    "tilde": Case(
        spec("resource: {gpuCount: «~»}"), "DF0208", "spec.resource.gpuCount has no value", "leave the key out"
    ),
    "required text": Case(
        HEAD + NAME + SPEC + "  docker:\n    «image»:\n    command: a\n",
        "DF0208",
        "spec.docker.image has no value",
        "give it a value, such as pytorch/pytorch:2.3.1",
    ),
    "empty section": Case(
        HEAD + NAME + SPEC + "  «docker»:\n", "DF0208", "spec.docker has no value", "such as {image:"
    ),
    "variable": Case(docker("env: {«A»: }"), "DF0208", "spec.docker.env.A has no value", "give it a value"),
    "item of a list": Case(docker("exposeTcpPorts: [«null»]"), "DF0208", "exposeTcpPorts[0] has no value"),
    "engine's type": Case(project("engine: {type: «null»}"), "DF0208", "spec.engine.type has no value"),
}
VALUES = {
    "too many GPUs": Case(
        spec("resource: {gpuCount: «9»}"), "DF0209", "gpuCount must be 1 to 8, but is 9", "the largest value is 8"
    ),
    "no CPU": Case(
        spec("resource: {cpuCount: «0»}"), "DF0209", "cpuCount must be at least 1, but is 0", "smallest value is 1"
    ),
    "too large for the API": Case(
        spec("resource: {memoryMb: «99999999999»}"), "DF0209", "must be at most 2147483647, but is 99999999999"
    ),
    "port": Case(docker("exposeTcpPorts: [80, «70000»]"), "DF0209", "exposeTcpPorts[1] must be 1 to 65535", "65535"),
    "timeout": Case(
        project("submission: {timeoutSeconds: «0»}"), "DF0209", "must be more than 0 and at most 3600, but is 0"
    ),
    "short prefix": Case(
        APP.replace("namePrefix: bert", "namePrefix: «b»"),
        "DF0210",
        '2 to 8 characters long, but "b" has 1',
        "make it longer",
    ),
    "long prefix": Case(
        APP.replace("namePrefix: bert", "namePrefix: «bert-base-2»"), "DF0210", "has 11", 'for example to "bert-bas"'
    ),
    "empty command": Case(
        APP.replace("python train.py", "«''»"),
        "DF0210",
        "spec.docker.command must not be empty",
        "such as python train.py",
    ),
    "empty queue": Case(spec("queueName: «''»"), "DF0210", "must not be empty", "it may be left out"),
    "empty key of a map": Case(
        project("engine: {slots: {«''»: 1}}"), "DF0210", "a key of spec.engine.slots must not be"
    ),
    "name in upper case": Case(
        APP.replace("demo", "«Demo_One»"), "DF0211", 'metadata.name has the character "D" at position 1', '"demo-one"'
    ),
    "name with a space": Case(APP.replace("demo", "«a b»"), "DF0211", "has a space at position 2", 'example "a-b"'),
    "name with a hyphen at its end": Case(APP.replace("demo", "«demo-»"), "DF0211", 'ends with "-"', '"demo"'),
    "name too long": Case(APP.replace("demo", f"«{'a' * 64}»"), "DF0211", "metadata.name has 64 characters", "1 to 63"),
    "empty name": Case(APP.replace("demo", "«''»"), "DF0211", "metadata.name is empty", "1 to 63 lower-case"),
    "earlier name": Case(
        APP.replace("{name: demo}", "{name: demo, moved: [«Old»]}"), "DF0211", "metadata.moved[0] has", '"old"'
    ),
    "workspace id": Case(
        APP.replace("6ZKSGoSJMMwctK257nxgiL", "«6ZKS-GoSJ»"),
        "DF0211",
        '"-" at position 5',
        "1 to 22 letters and digits",
    ),
    "workspace id too long": Case(
        APP.replace("6ZKSGoSJMMwctK257nxgiL", f"«{'a' * 23}»"), "DF0211", "has 23 characters"
    ),
    "workspace id as a key": Case(
        project("engine: {workspaces: {«a-b»: folder}}"),
        "DF0211",
        'a key of spec.engine.workspaces has the character "-"',
    ),
    "absolute folder": Case(
        project("engine: {hdfs: «/data»}"), "DF0211", "spec.engine.hdfs is absolute", "relative path"
    ),
    "folder outside": Case(
        project("engine: {hdfs: «../data»}"), "DF0211", "leaves the folder with `..`", "relative path"
    ),
    "ledger that is a folder": Case(project("ledger: {path: «a/»}"), "DF0211", "names a folder, not a file"),
    "URL without a scheme": Case(
        project("engine: {type: dataforest, baseUrl: «df.example»}"),
        "DF0211",
        "has no https:// in front",
        "https:// URL",
    ),
    "URL in plain text": Case(
        project("engine: {type: dataforest, baseUrl: «http://df.example»}"), "DF0211", "is not encrypted", "127.0.0.1"
    ),
    "URL with a user": Case(
        project("engine: {type: dataforest, baseUrl: «https://me@df.example»}"),
        "DF0211",
        'has "@" in it',
        "without user",
    ),
    "engine that does not exist": Case(
        project("engine: {type: «yarn»}"), "DF0212", 'spec.engine.type must be local or dataforest, but is "yarn"'
    ),
    "engine misspelt": Case(
        project("engine: {type: «datafrest»}"), "DF0212", '"datafrest"', 'did you mean "dataforest"?'
    ),
    "runtime": Case(
        project("engine: {runtime: «dockr»}"), "DF0212", "process, podman or docker", 'did you mean "docker"?'
    ),
    "ledger type": Case(
        project("ledger: {type: «redis»}"), "DF0212", 'spec.ledger.type must be sqlite or git, but is "redis"'
    ),
    "ledger type misspelt": Case(project("ledger: {type: «gti»}"), "DF0212", '"gti"', 'did you mean "git"?'),
    "earlier name twice": Case(
        APP.replace("{name: demo}", "{name: demo, moved: [old, other, «old»]}"),
        "DF0217",
        'metadata.moved has "old" twice',
    ),
    "reference without a name": Case(
        docker("env: {«TOKEN»: {}}"),
        "DF0216",
        "spec.docker.env.TOKEN must be text or {fromEnv: NAME}",
        "TOKEN: {fromEnv: TOKEN}",
    ),
    "reference of Kubernetes": Case(
        docker("env: {TOKEN: {«valueFrom»: {secretKeyRef: {name: a}}}}"),
        "DF0201",
        '"valueFrom" in spec.docker.env.TOKEN',
        "fromEnv",
    ),
    "reference with a strange key": Case(
        docker("env: {TOKEN: {«vault»: path}}"), "DF0201", '"vault" in spec.docker.env.TOKEN', "known here are: fromEnv"
    ),
    "reference with a dollar": Case(
        docker("env: {A: {fromEnv: «$HOME»}}"), "DF0216", 'has the character "$"', '"HOME"'
    ),
    "reference to a number": Case(
        docker("env: {A: {fromEnv: «3»}}"), "DF0203", "fromEnv must be text", 'quote it: "3"'
    ),
}
HEADS = {
    "no apiVersion": Case(
        "«kind»: AiApp\n" + NAME + SPEC + DOCKER, "DF0213", "no apiVersion", "apiVersion: dfsubmit/v1"
    ),
    "apiVersion in upper case": Case(
        APP.replace("dfsubmit/v1", "«DFSubmit/v1»"), "DF0213", 'but is "DFSubmit/v1"', 'did you mean "dfsubmit/v1"?'
    ),
    "apiVersion of the future": Case(APP.replace("dfsubmit/v1", "«dfsubmit/v2»"), "DF0213", 'but is "dfsubmit/v2"'),
    "apiVersion is a number": Case(APP.replace("dfsubmit/v1", "«1»"), "DF0213", "but is the number 1"),
    "apiVersion is null": Case(APP.replace("apiVersion: dfsubmit/v1", "«apiVersion»:"), "DF0213", "but is null"),
    "another tool's document": Case(
        "apiVersion: «apps/v1»\nkind: Deployment\nmetadata: {name: X}\nspec: {replicas: 3}\n", "DF0213", '"apps/v1"'
    ),
    "no kind": Case(
        "«apiVersion»: dfsubmit/v1\n" + NAME + SPEC + DOCKER,
        "DF0214",
        "the document has no kind",
        "add the line: kind: AiApp",
    ),
    "no kind and nothing to tell it by": Case(
        "«apiVersion»: dfsubmit/v1\nspec: {comand: 3}\n", "DF0214", "has no kind", "AiApp or Project"
    ),
    "kind in upper case": Case(APP.replace("AiApp", "«AIApp»"), "DF0214", 'but is "AIApp"', 'did you mean "AiApp"?'),
    "kind misspelt": Case(PROJECT.replace("Project", "«Projct»"), "DF0214", '"Projct"', 'did you mean "Project"?'),
    "another kind": Case(
        "apiVersion: dfsubmit/v1\nkind: «Job»\nspec: {comand: 3}\n",
        "DF0214",
        'kind must be AiApp or Project, but is "Job"',
    ),
    "kind is a list": Case("apiVersion: dfsubmit/v1\nkind: «[AiApp]»\n", "DF0214", "but is a list"),
    "kind is null": Case("apiVersion: dfsubmit/v1\n«kind»:\n", "DF0214", "but is null"),
    "neither": Case(
        "«name: a\nimage: b»\n", "DF0215", "it has no apiVersion and no kind", "apiVersion: dfsubmit/v1\nkind: AiApp"
    ),
    "kind of the other spec": Case(
        APP.replace("AiApp", "«Project»"), "DF0214", "the spec is that of kind AiApp", "write kind: AiApp"
    ),
    "patch": Case("«+" + APP.strip().replace("\n", "\n+") + "»\n", "DF0215", "each line begins with +", "remove the +"),
    "list": Case("«- a\n- b»\n", "DF0215", "is a list", "separate several manifests by lines of ---"),
    "scalar": Case("«hello»\n", "DF0215", "is a single value"),
    "empty map": Case("«{}»\n", "DF0215", "is an empty map"),
    "null": Case("«~»\n", "DF0215", "this document is null"),
}
ADVICE = {
    "no tag": Case(APP.replace("pytorch/pytorch:2.3.1", "«pytorch/pytorch»"), "DF0401", "has no tag", "fixed version"),
    "port of a registry is no tag": Case(
        APP.replace("pytorch/pytorch:2.3.1", "«registry.example:5000/a»"), "DF0401", "has no tag"
    ),
    "moving tag": Case(
        APP.replace(":2.3.1", ":nightly")
        .replace("pytorch/pytorch:n", "«pytorch/pytorch:n")
        .replace("nightly", "nightly»"),
        "DF0401",
        '"nightly" moves',
    ),
    "GPU model": Case(spec("resource: {gpuModel: «P40»}"), "DF0402", 'GPU model "P40"', "known are V100 and T4"),
    "GPU model in lower case": Case(spec("resource: {gpuModel: «v100»}"), "DF0402", '"v100"', "write V100"),
    "workdir": Case(docker("«workdir»: /work"), "DF0403", "workdir is not sent", "remove it"),
    "prefix": Case(APP.replace("namePrefix: bert", "namePrefix: «9Bert»"), "DF0404", '"9" at position 1', '"bert"'),
    "HDFS path": Case(
        spec("data: {input: [{hdfs: «data», path: a}]}"), "DF0405", '"data" begins with neither', "/user/NAME/data"
    ),
    "variable": Case(docker("env: {«my-var»: a}"), "DF0406", '"my-var" cannot be set in a shell'),
    "absolute container path": Case(spec("data: {output: [{hdfs: /a, path: «/out»}]}"), "DF0407", "is absolute"),
    "container path outside": Case(
        spec("data: {input: [{hdfs: /a, path: «a/../../b»}]}"), "DF0407", "leaves its folder"
    ),
    "queue": Case(spec("queueName: «GPU»"), "DF0408", "called `gpu`", "write queueName: gpu"),
    "port twice": Case(docker("exposeTcpPorts: [1, 2, «1»]"), "DF0409", "port 1 is listed twice", "remove one"),
    "image of a web page": Case(
        APP.replace("pytorch/pytorch:2.3.1", "«https://hub.example/a/b:1»"),
        "DF0410",
        "begins with https://",
        "write hub.example/a/b:1",
    ),
    "image in capital letters": Case(
        APP.replace("pytorch/pytorch:2.3.1", "«PyTorch/pytorch:2.3.1»"),
        "DF0410",
        "capital letter",
        "pytorch/pytorch:2.3.1",
    ),
    "image with a blank": Case(APP.replace("pytorch/pytorch:2.3.1", "«'a:1 '»"), "DF0410", "has a blank", "write a:1"),
    "image with a comment too near": Case(
        APP.replace("pytorch/pytorch:2.3.1", "«a:1#old»"), "DF0410", 'has "#" in it', "[HOST/]PATH:TAG"
    ),
    "queue with a blank": Case(spec("queueName: «'gpu '»"), "DF0411", "a blank at its end", 'write "gpu"'),
    "path with a blank": Case(
        spec("data: {input: [{hdfs: «' /a'», path: a}]}"), "DF0411", "a blank at its start", 'write "/a"'
    ),
    "command of blanks": Case(
        APP.replace("python train.py", "«' '»"), "DF0411", "nothing but blanks", "write the command"
    ),
    "quote behind a command": Case(
        APP.replace("python train.py", '«run "fast»'), "DF0412", "a quote in spec.docker.command", "close it"
    ),
    "comment that may be part of a command": Case(
        docker("args: --colour «#fff --fast»"), "DF0413", "args ends here", 'one text: "--colour #fff --fast"'
    ),
    "path on another store": Case(
        spec("data: {input: [{hdfs: «s3://b/a», path: a}]}"), "DF0405", "begins with neither", "copy the data to HDFS"
    ),
    "path with one slash": Case(
        spec("data: {input: [{hdfs: «hdfs:/a», path: a}]}"), "DF0405", "begins with neither", 'write "hdfs:///a"'
    ),
    "path of Windows": Case(
        spec("data: {input: [{hdfs: «user\\a», path: a}]}"), "DF0405", "begins with neither", '"/user/NAME/user/a"'
    ),
    "prefix in a project with markers": Case(
        PROJECT + "spec: {submission: {marker: true}}\n---\n" + APP.replace("namePrefix: bert", "namePrefix: «bert»"),
        "DF0306",
        'must be 2 or 3 characters in a project with markers, but "bert" has 4',
        'say to "ber"',
    ),
}
CASES = {
    f"{group}: {name}": case
    for group, cases in {
        "unknown key": UNKNOWN,
        "missing key": MISSING,
        "wrong type": TYPES,
        "null": NULLS,
        "wrong value": VALUES,
        "not ours": HEADS,
        "advice": ADVICE,
    }.items()
    for name, case in cases.items()
}
