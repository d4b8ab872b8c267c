//! The commands, one a line. `BASE` is the server's URL, `GONE` that of none. `~` before a line: only the exit codes are compared.

/// For both.
pub const BOTH: &str = r"
repo list
repo list -o json
repo list -o yaml
repo update
repo remove x
search repo
repo add
repo add a
repo add a/b BASE/charts
repo add a BASE/charts
repo add a BASE/charts
repo add a BASE/own
repo add a BASE/own --force-update
repo add a BASE/charts --force-update
repo add o BASE/odd
repo add j BASE/json
repo add x BASE/nothing
repo add x BASE/broken
repo add x BASE/empty
repo add x BASE/html
repo add x BASE/noversion
repo add x GONE
repo add x ftp://example.com
repo add x %zz
repo add x example
repo add x https://kubernetes-charts.storage.googleapis.com
repo add p BASE/private
repo add p BASE/private --username me --password wrong
repo add p BASE/private --username me --password secret
repo add p BASE/private --username me
repo add m BASE/moved
repo add x BASE/moved/none
show chart alpha --repo BASE/moved/none
repo add t BASE/charts --ca-file nope
repo add t BASE/charts --cert-file nope --key-file nope
repo list
repo list -o json
repo list -o yaml
repo ls -o nope
repo update a
repo update nope
repo up p
repo update a p j
search repo
search repo alpha
search repo letter -l
search repo greek --devel
search repo alp -o json
search repo -o yaml j/
search repo nothing
search repo nothing --fail-on-no-result
search repo nothing -o json
search repo 'an alphabet' --max-col-width 20
search repo second --max-col-width 0
search repo -r '^a/.*h'
search repo -r '('
search repo alpha --version '^0.1'
search repo alpha --version nope
search repo alpha --version '>0.0.0-0' -l
~ search
~ search nope
pull
pull a/alpha
pull a/alpha --version 0.1.0
pull a/alpha --version '>0.2.0-0' -d down
pull a/alpha --devel -d down
pull a/alpha --version 9
pull a/alpha --version 0.1
pull a/nope
pull nope/alpha
pull alpha
pull ./alpha
pull BASE/charts/alpha-0.1.0.tgz -d down
pull BASE/charts/nope.tgz
pull BASE/private/alpha-0.2.0.tgz -d down
pull BASE/elsewhere/alpha-0.2.0.tgz -d down
pull p/beta -d down
pull m/gamma -d down
pull alpha --repo BASE/charts -d down
pull alpha --repo BASE/charts --version 9
pull alpha --repo BASE/nothing
pull alpha --repo BASE/private --username me --password secret -d down
pull nope --repo BASE/charts
~ pull nourl --repo BASE/odd
pull o/nourl
pull o/ok
pull o/ftp
pull o/digest
pull o/short
pull a/alpha --prov -d down
pull a/gamma --prov -d down
pull a/alpha --untar
pull a/alpha --untar
pull a/alpha --untar --untardir in
pull a/beta --untar --untardir in -d down
pull BASE/charts/gamma-2.0.0.tgz --untar
pull a/alpha a/gamma -d both
~ pull a/alpha -d nowhere
show chart a/alpha
show chart a/alpha --version 0.1.0
show chart alpha --repo BASE/charts
show values a/nope
show chart BASE/charts/gamma-2.0.0.tgz
template x a/alpha
template x a/alpha --version '~0.1'
template x a/nope
template x nope/alpha
template x alpha --repo BASE/charts --version 0.2.0
template x BASE/charts/nope.tgz
template x BASE/private/alpha-0.1.0.tgz
template x BASE/private/alpha-0.1.0.tgz --username me --password secret
template x p/alpha
template x a/alpha --devel
repo remove nope
repo remove
repo rm o j
repo list --nope
repo remove a p m
repo list
search repo
template x BASE/charts/alpha-0.1.0.tgz
template x a/alpha
";

/// Indexes of folders: the folder `made` holds archives.
pub const INDEXES: &str = r"
repo index made
repo index made --url http://example.com/charts
repo index made --url http://example.com/charts --merge made/index.yaml
repo index made --merge new.yaml
repo index made --json
~ repo index nope
repo index
repo index made --merge bad.yaml
";

/// Dependencies: the folders `p-…` want charts. Helm tells what several repositories gave in no order.
pub const DEPENDENCIES: &str = r"
dependency update p-none
dependency update p-url
dependency update p-url
dependency build p-url
dependency list p-url
dependency update p-alias
dependency build p-alias
repo add a BASE/charts
repo add p BASE/private --username me --password secret
dependency update p-alias
dependency update p-alias --skip-refresh
dependency build p-alias
dependency build p-alias --skip-refresh
dependency update p-private
dependency update p-file
~ dependency update p-file --debug
dependency build p-file
dependency update p-missing
dependency update p-nochart
dependency update p-badurl
dependency update p-word
dependency update p-local
dependency update p-localbad
dependency update p-nofolder
dependency update p-twice
dependency update p-constraint
dependency update nowhere
dependency update down/none
dependency update made/alpha-0.1.0.tgz
dependency build p-stale
dependency update p-stale
dependency build p-stale
dependency update p-old
dependency build p-old
dependency update a b
dependency update p-url --verify --keyring nowhere.gpg --skip-refresh --nope
template x p-late
template x p-late --dependency-update
template x p-late
package p-late2 -u -d down
package p-nochart -u
dependency list p-late
";
