#!/usr/bin/env python3
"""Writes types.txt: the shapes of the built-in kinds, from the generated.proto and types.go files of k8s.io/api and
k8s.io/apimachinery (two module folders as arguments). One line per message:

    core/v1.ServicePort  name=1:s  protocol=2:s%"TCP"  ...
    core/v1.ServiceSpec  ports=1:[core/v1.ServicePort]@port,protocol  selector=2:{s}!  ...

A field is NAME=NUMBER:TYPE. Types: s string, b bytes, i integer, o boolean, f float, * anything, [T] list, {T} map, or a
message. `~` marks a field that Go leaves out of JSON when it is zero or empty (for a message: a
pointer). `@k,k` marks a list keyed by these fields, `@` a set, `!` an atomic map or message (a list without mark is atomic), `^` a
message whose fields lie in its parent's JSON, `%` the server's default (last). A message that is atomic itself ends in ` !`.
"""
import os, re, sys
ROOTS = """core/v1: ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolumeClaim PersistentVolume Pod PodTemplate
ReplicationController ResourceQuota Secret ServiceAccount Service Binding
apps/v1: ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet
events/v1: Event
authentication/v1: SelfSubjectReview TokenReview TokenRequest
authorization/v1: LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview
autoscaling/v2: HorizontalPodAutoscaler
autoscaling/v1: HorizontalPodAutoscaler Scale
batch/v1: CronJob Job
certificates/v1: CertificateSigningRequest
networking/v1: IngressClass Ingress IPAddress NetworkPolicy ServiceCIDR
policy/v1: PodDisruptionBudget Eviction
rbac/v1: ClusterRoleBinding ClusterRole RoleBinding Role
storage/v1: CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass
admissionregistration/v1: MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration
scheduling/v1: PriorityClass
coordination/v1: Lease
node/v1: RuntimeClass
discovery/v1: EndpointSlice
flowcontrol/v1: FlowSchema PriorityLevelConfiguration
meta/v1: DeleteOptions"""
SCALAR = {"string": "s", "bytes": "b", "bool": "o", "double": "f", "int32": "i", "int64": "i", "uint32": "i", "uint64": "i"}
LEAVES = {"meta/v1.Time", "meta/v1.MicroTime", "meta/v1.FieldsV1", "meta/v1.Duration", "resource.Quantity", "intstr.IntOrString", "runtime.RawExtension"}

def short(package):
    m = re.match(r"k8s\.io\.api\.(\w+)\.(\w+)$", package)
    return "/".join(m.groups()) if m else "meta/v1" if package.endswith("meta.v1") else package.split(".")[-1]

def go_tags(folder):
    """(struct, proto name) → JSON name; "" for a struct that lies inline. Notes fields that vanish when they are zero."""
    names = {}
    for name in os.listdir(folder):
        if not (name.startswith("types") and name.endswith(".go")): continue
        struct = None
        for line in open(os.path.join(folder, name)):
            if m := re.match(r"type (\w+) struct", line): struct = m[1]
            m = re.search(r'json:"([^"]*)"', line); p = re.search(r'protobuf:"[^"]*name=(\w+)', line)
            if m and p and struct and ",omitempty" in m[1]:
                pointer = re.match(r"\s*\w+\s+\*", line)
                (POINTERS if pointer else VANISH).add((os.path.normpath(folder), struct, p[1]))
            if m and p and struct: names[struct, p[1]] = "" if ",inline" in m[1] else m[1].split(",")[0]
    return names

def read(path):
    text = open(path).read(); package = short(re.search(r"^package (\S+);", text, re.M)[1])
    tags = go_tags(os.path.dirname(path)); message, marks = None, []
    for line in text.split("\n"):
        line = line.strip()
        if line.startswith("//"): marks.append(line[2:].strip()); continue
        if m := re.match(r"message (\w+) \{(\})?", line):
            message = m[1]; TYPES[f"{package}.{message}"] = []
            if any("structType=atomic" in k or "mapType=atomic" in k for k in marks): ATOMIC.add(f"{package}.{message}")
        elif m := re.match(r"(optional |repeated |)(map<string, ([\w.]+)>|[\w.]+) (\w+) = (\d+);", line):
            full = lambda t: SCALAR.get(t) or (f"{short(t[1:].rsplit('.', 1)[0])}.{t.rsplit('.', 1)[1]}" if t[0] == "." else f"{package}.{t}")
            kind = "{%s}" % full(m[3]) if m[3] else full(m[2])
            get = lambda key: [k.split("=", 1)[1] for k in marks if k.startswith("+" + key + "=")]
            if m[1] == "repeated ":
                kind = f"[{kind}]"; lt, merge = get("listType"), "merge" in "".join(get("patchStrategy"))
                if lt == ["map"]: kind += "@" + ",".join(get("listMapKey"))
                elif lt == ["set"] or (not lt and merge and not get("patchMergeKey")): kind += "@"
                elif not lt and merge: kind += "@" + get("patchMergeKey")[0]
            elif "atomic" in get("mapType") + get("structType"): kind += "!"
            json = tags.get((message, m[4]), m[4])
            if json == "": kind += "^"
            plain = kind[0] in "[{" or kind in ("s", "b", "i", "o", "f")
            if (os.path.normpath(os.path.dirname(path)), message, m[4]) in (VANISH if plain else POINTERS): kind += "~"
            if d := get("default"):
                if re.fullmatch(r'"[^" ]*"|\d+|true|false', d[0]): kind += "%" + d[0]
            TYPES[f"{package}.{message}"].append((json or m[4], m[5], kind))
        if not line.startswith("//"): marks = []

TYPES, ATOMIC, VANISH, POINTERS = {}, set(), set(), set()
for base in sys.argv[1:3]:
    for folder, _, files in os.walk(base):
        if "generated.proto" in files and "testdata" not in folder: read(os.path.join(folder, "generated.proto"))
seen, todo = set(), [f"{l.split(': ')[0]}.{k}" for l in ROOTS.replace("\n", " ").replace("  ", " ") and re.sub(r"\n(?![\w/]+: )", " ", ROOTS).split("\n") for k in l.split(": ")[1].split()]
while todo:
    t = todo.pop()
    if t in seen or t in LEAVES: continue
    seen.add(t)
    if t not in TYPES: print("missing", t, file=sys.stderr); continue
    todo += [x for _, _, k in TYPES[t] for x in re.findall(r"[a-z0-9]+(?:/v\d\w*)?\.\w+", k.split("%")[0].split("@")[0].strip("~"))]
out = os.path.join(os.path.dirname(os.path.abspath(__file__)), "types.txt")
with open(out, "w") as f:
    for t in sorted(seen & set(TYPES)):
        f.write(" ".join([t] + [f"{n}={i}:{k}" for n, i, k in TYPES[t]] + (["!"] if t in ATOMIC else [])) + "\n")
