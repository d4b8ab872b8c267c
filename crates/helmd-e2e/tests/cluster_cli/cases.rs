//! The sequences, a command a line; environment variables may stand before it. `~` before a line: only the exit codes are
//! compared.

/// For helm 4.
pub const FOUR: &str = r"
list
list -o json
status a
install a demo --create-namespace --wait --timeout 60s
status a
status a --revision 1
status a -o json
status a -o yaml
status a --revision 7
list
list -o json
list -o yaml
list -q
list -q -o json
list -q -o yaml
list --no-headers
list --time-format 2006
list --max 0 --date --reverse
list --color always
list --color=always --no-headers
status a --colour always
NO_COLOR=1 HELM_COLOR=always list
HELM_COLOR=always list
HELM_COLOR=xx list
list --color xx
list -f ^nope
list -f (
list -l team=x
list -l 'a b'
list -l 'a,'
list -l 'a$=b'
list -l 'a in (b'
list -l 'a>b'
list --superseded
list words
list --nope
history a
history a -o json
history a -o yaml
history a --show-rollback-revision
history a --max 0
history nope
history
get manifest a
get hooks a
get notes a
get values a
get values a -a
get values a -o json
get values a -o yaml -a
get values a --revision 9
get metadata a
get metadata a -o json
get metadata a -o yaml
get metadata a --revision 1
get all a
get all a --template '{{.Release.Name}} {{.Release.Info.Status}} {{.Release.Chart.Metadata.Version}} {{.Release.Version}} {{len .Release.Hooks}}'
get all a --template '{{.Release.Nope}}'
get all a --template '{{ nope }}'
get all a --template '{{ range .Release.Hooks }}{{ .Name }} {{ .Kind }} {{ .Weight }};{{ end }}{{ .Release.Config }}'
get all nope
get metadata nope
install a demo
install BAD demo
install a demo --dry-run=server
install b demo --dry-run=client --hide-secret
install b demo --dry-run
install b demo --dry-run=true
install b demo --dry-run=false --dry-run=xx
install b demo --dry-run=server -o yaml
install b demo --dry-run=client -o json
install b demo --dry-run=client --set color=fail
install b demo --hide-secret
install b demo -o xx
install b demo --wait=xx
install b demo --timeout 5
install b demo --set replicas=x
install b demo --set color=fail
install b demo -f broken.yaml
install b demo -f missing.yaml
install b ./nochart
install b nochart
install b library
install b wants
install b demo --set unknown=true
install b demo -l name=x
install b demo --kube-context nope
install b demo --kube-apiserver http://127.0.0.1:1
list --kube-apiserver http://127.0.0.1:1
list --kubeconfig /nope/config
upgrade a demo --kube-apiserver http://127.0.0.1:1
install b crds
install b crds --dry-run=server
install b crds --skip-crds
uninstall b
install demo
install demo --name-template 'n-{{ lower 7 }}'
install demo --name-template 'n-{{ lower 777 }}' --name-template 'n-{{ lower `X` }}'
install a b c d
install x demo -g
install x demo --force-replace --force-conflicts
install demo -g --no-hooks --hide-notes
upgrade a demo -f blue.yaml
get values a -o json
get values a -o yaml
upgrade a demo --set color=fail
upgrade a demo --set color.x.y=1
upgrade a demo --set replicas=x
upgrade a demo --set color=x --set bad=true
upgrade a demo --set unknown=true
history a
upgrade a nochart
upgrade a wants
upgrade a demo --dry-run=client
upgrade a demo --dry-run=server -o json
upgrade a demo --reuse-values --set color=green --description 'my words' -o yaml
upgrade a demo --reset-then-reuse-values
upgrade a demo --reset-values --set color=green
upgrade a demo --hide-notes --no-hooks --server-side=false
get metadata a
upgrade a demo --server-side=xx
upgrade a demo --force-replace
upgrade a demo --force-conflicts
upgrade a demo --server-side=true --force-replace
upgrade a demo --server-side=true --force-conflicts
upgrade a demo --wait=legacy --timeout 60s
upgrade a demo --wait=true --wait-for-jobs --timeout 60s
upgrade a demo --cleanup-on-fail --set bad=true
upgrade a demo --no-hooks --render-subchart-notes -o json
rollback a --force-replace
rollback a --server-side=false --force-replace
rollback a --server-side=xx
rollback a --server-side=true --cleanup-on-fail --no-hooks
HELM_MAX_HISTORY=4 upgrade a demo --reset-values
HELM_MAX_HISTORY=3 rollback a
hist a
ls -q
un nope
HELM_DRIVER=configmap list
HELM_DRIVER=configmap install c fixed
HELM_DRIVER=configmap list -q
HELM_DRIVER=configmap uninstall c
HELM_DRIVER=foo list
HELM_DRIVER=foo install
HELM_KUBECONTEXT=nope list
HELM_KUBEAPISERVER=http://127.0.0.1:1 status a
HELM_KUBETOKEN=nope status a
HELM_KUBEASUSER=nobody list
upgrade nope demo
upgrade BAD demo
upgrade a
upgrade -i viai demo -l team=x
upgrade -i viai demo -l team=y,other=z -o json
upgrade -i viai demo -l team=null
list -l team=x
list -l 'team!=x'
list -l other
get metadata viai
get metadata viai --revision 1 -o json
rollback a 99
rollback a x
rollback a -1
rollback nope
rollback a --dry-run=server
rollback a 1
rollback a 1 --description hello
rollback a --wait --timeout 60s
history a
history a --max 2
history a --show-rollback-revision -o json
history a --show-rollback-revision
upgrade a demo --history-max 3
history a -o yaml
test a
test a --logs
test a --filter name=nope
test a --filter '!name=a-test'
test nope
status a
install t tested
test t --logs
status t
test t --filter name=t-one
upgrade t tested --set bad=true
test t --logs
test t
uninstall t
install one fixed
install two fixed
install two fixed --take-ownership
uninstall one --dry-run
uninstall one
uninstall two
install w old
upgrade w old --set a=b
uninstall w
uninstall a --cascade xx
uninstall a --dry-run
uninstall a --keep-history --description 'gone for good'
uninstall a --keep-history
status a
list
list --uninstalled
list --deployed --uninstalled -q
rollback a
install a demo
uninstall a --keep-history
install a demo --replace
uninstall a --wait
uninstall nope --ignore-not-found
uninstall nope
uninstall
install z demo --set bad=true
status z --color always
list --failed -q
install z demo --set bad=true --replace
upgrade z demo
uninstall z viai nope
install yy demo --set hook=fail --timeout 20s --rollback-on-failure
install yy demo --set hook=fail --timeout 20s --atomic
install yy demo --no-hooks --set test=fail
test yy
upgrade yy demo --set hook=fail --rollback-on-failure
uninstall yy
";

/// For helm 3.
pub const THREE: &str = r"
list
install a demo --create-namespace --wait --timeout 60s
status a
status a --show-desc
status a --show-resources
status a -o json
status a -o yaml
list
list -a -o json
list -q
list -l 'a b'
history a
history a -o json
history a -o yaml
history a --show-rollback-revision
get metadata a
get metadata a -o json
get metadata a -o yaml
get values a -a
get all a
get all a --template '{{.Release.Name}} {{.Release.Info.Status}} {{.Release.Chart.Metadata.Version}}'
install a demo
install b demo --dry-run
install b demo --dry-run=server -o json
install b demo --dry-run=xx
install b demo --hide-secret
install b demo --dry-run --hide-secret
install b demo --set replicas=x
install b wants
install b library
install b demo --kube-apiserver http://127.0.0.1:1
install b demo --set unknown=true
install b crds
upgrade a demo -f blue.yaml --wait --timeout 60s
upgrade a demo --set color=fail
upgrade a demo --set color=x --set bad=true
upgrade a demo --dry-run
upgrade a demo --dry-run=xx
upgrade nope demo
upgrade -i viai demo -l team=x
upgrade -i viai demo -l team=y,b=c -o json
list -l team=y
get metadata viai -o json
rollback a 99
rollback a --dry-run
rollback a 1
upgrade a demo --force
rollback a --force --recreate-pods --no-hooks
upgrade a demo --cleanup-on-fail --set bad=true
HELM_MAX_HISTORY=4 upgrade a demo --reset-values
history a
HELM_DRIVER=configmap list
HELM_DRIVER=foo list
HELM_KUBETOKEN=nope status a
HELM_KUBEASUSER=nobody list
history a --max 2 -o yaml
test a
test a --hide-notes
~ test a --logs
upgrade a demo --set hook=fail --timeout 30s
upgrade a demo --set hook=fail --timeout 30s --recreate-pods
history a
upgrade a demo --set hook=fail --timeout 30s --atomic
status a
upgrade a demo --set test=fail
test a
install t tested
test t
~ test t --logs
upgrade t tested --set bad=true
test t
status t
uninstall t
install one fixed
install two fixed
uninstall one
install w old
uninstall w
uninstall a --dry-run
uninstall a --keep-history
uninstall a --keep-history
list
list --uninstalled
upgrade -i a demo
install yy demo --set hook=fail --timeout 20s --atomic
install z demo --set bad=true
status z
list --failed -q
install z demo --replace
uninstall z a viai nope
";
