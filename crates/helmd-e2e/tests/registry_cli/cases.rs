//! The command lines. `OPEN` is a registry, `CLOSED` one with a password, `BASE` and `AUTH` a side's folder in them; nobody listens at
//! `GONE`. Lines with `4` are for helm 4: version 3's client loses its way without TLS.

pub const CASES: &str = r#"
4 push demo-1.2.3+b1.tgz oci://BASE
push demo-1.2.3+b1.tgz oci://BASE --plain-http
push demo-1.0.0.tgz oci://BASE --plain-http
push demo-1.0.0.tgz oci://BASE/ --plain-http
push nope.tgz oci://BASE --plain-http
push demo oci://BASE --plain-http
push demo-1.0.0.tgz http://BASE --plain-http
push demo-1.0.0.tgz BASE --plain-http
push demo-1.0.0.tgz
push demo-1.0.0.tgz oci://AUTH --plain-http
push demo-1.0.0.tgz oci://GONE/c --plain-http
push demo-1.0.0.tgz oci://OPEN/C --plain-http
push demo-1.0.0.tgz oci://BASE --plain-http --ca-file nope
pull oci://BASE/demo --plain-http
pull oci://BASE/demo --version 1.2.3+b1 --plain-http
pull oci://BASE/demo:1.2.3_b1 --plain-http
pull oci://BASE/demo:1.2.3+b1 --plain-http
pull oci://BASE/demo:9.9.9 --plain-http
pull oci://BASE/demo --version '>2' --plain-http
pull oci://BASE/demo --version '^1' --plain-http
pull oci://BASE/demo --version 'zz' --plain-http
pull oci://BASE/demo --devel --plain-http
pull oci://BASE/nope --plain-http
pull oci://BASE/nope --version 1.0.0 --plain-http
pull oci://BASE/demo --version 1.0.0
pull oci://AUTH/demo --version 1.0.0 --plain-http
pull oci://AUTH/demo --plain-http
pull oci://GONE/c/demo --plain-http
pull oci://GONE/c/demo --version 1.0.0 --plain-http
pull oci://OPEN --plain-http
pull oci://BASE/demo --prov --version 1.0.0 --plain-http
pull oci://BASE/demo --prov --version 1.2.3+b1 --plain-http
pull oci://BASE/demo --version 1.0.0 --untar --plain-http
pull oci://BASE/demo --version 1.0.0 --untar --plain-http
pull oci://BASE/demo --version 1.0.0 --untar --untardir u --plain-http -d dd
pull oci://BASE/demo:1.0.0 --version 1.2.3 --plain-http
pull oci://BASE/demo@sha256:0000000000000000000000000000000000000000000000000000000000000000 --plain-http
pull oci://BASE/demo@sha256:00 --plain-http
show chart oci://BASE/demo --plain-http
show values oci://BASE/demo --version 1.0.0 --plain-http
show chart oci://BASE/nope --plain-http
template r oci://BASE/demo --version 1.0.0 --plain-http -s templates/serviceaccount.yaml
template r oci://BASE/demo --plain-http --version 7
template r oci://BASE/demo
install r oci://BASE/demo --version 7.0.0 --plain-http
registry login CLOSED -u me -p secret --plain-http
registry login CLOSED -u me -p wrong --plain-http
registry login CLOSED -u me -p wrong
registry login CLOSED -p tok --plain-http
registry login OPEN -u me -p wrong --plain-http
registry login oci://CLOSED/x -u me -p secret --plain-http
registry login GONE -u me -p secret --plain-http
registry login
push demo-1.0.0.tgz oci://AUTH --plain-http
pull oci://AUTH/demo --plain-http
pull oci://AUTH/demo --plain-http --username me --password wrong
registry logout CLOSED
registry logout CLOSED
registry logout nowhere
pull oci://AUTH/demo --plain-http
registry logout CLOSED
pull oci://AUTH/demo --plain-http --username me --password secret
~ push demo-1.0.0.tgz oci://AUTH --plain-http --username me --password secret
pull oci://AUTH/demo --username me --password secret
repo add x oci://BASE
dependency update par --plain-http
dependency build par --plain-http
dependency update par
dependency list par
push demo-1.0.0.tgz oci://BASE/demo:1 --plain-http
~ package par -u --plain-http
show all oci://OPEN --plain-http
template r par -u --plain-http -s charts/demo/templates/serviceaccount.yaml
"#;
