//! The commands, one a line. `BASE` is the server's URL. What stands behind ` < ` is piped in.

/// For both.
pub const CASES: &str = r"
verify
verify ed
verify nowhere.tgz
verify demo
verify renamed/demo.tgz --keyring pub.gpg
verify renamed/demo.tar.gz --keyring pub.gpg
verify renamed/alone.tgz --keyring pub.gpg
verify renamed/UPPER.TGZ --keyring pub.gpg
verify ed/demo-0.1.0.tgz
verify ed/demo-0.1.0.tgz --keyring ''
verify ed/demo-0.1.0.tgz --keyring nowhere.gpg
verify ed/demo-0.1.0.tgz --keyring ed
verify ed/demo-0.1.0.tgz --keyring pub.gpg extra
verify ed/demo-0.1.0.tgz --keyring pub.gpg
verify ed/demo-0.1.0.tgz --keyring pub.asc
verify ed/demo-0.1.0.tgz --keyring pub.kbx
verify ed/demo-0.1.0.tgz --keyring sec.gpg
verify ed/demo-0.1.0.tgz --keyring rsa.gpg
verify ed/demo-0.1.0.tgz --keyring dsa-ed.gpg
verify ed/demo-0.1.0.tgz --keyring empty.gpg
verify ed/demo-0.1.0.tgz --keyring text.gpg
verify ed/demo-0.1.0.tgz --keyring cut.gpg
verify ed/demo-0.1.0.tgz --keyring cut.asc
verify ed/demo-0.1.0.tgz --keyring message.asc
verify dsa/demo-0.1.0.tgz --keyring dsa-ed.gpg
verify revoked/demo-0.1.0.tgz --keyring pub.gpg
package demo --sign
package demo --sign --key x --keyring ''
package demo --sign --key x --keyring nowhere.gpg -d out
package demo --sign --key nobody --keyring sec.gpg -d out
package demo --sign --key Rsa --keyring sec.gpg -d out
package demo --sign --key ed@ --keyring sec.gpg -d out
package demo --sign --key '<ed@' --keyring pub.gpg -d out
package demo --sign --key '<ed@' --keyring text.gpg -d out
package demo --sign --key '<ed@' --keyring sec.gpg -d out
package demo --sign --key 'Ed One <ed@example.com>' --keyring sec.gpg -d out
package demo --sign --key pass@ --keyring sec.gpg -d out
package demo --sign --key pass@ --keyring sec.gpg -d out --passphrase-file wrong
package demo --sign --key pass@ --keyring sec.gpg -d out --passphrase-file none
package demo --sign --key pass@ --keyring sec.gpg -d out --passphrase-file nowhere
package demo --sign --key pass@ --keyring sec.gpg -d out --passphrase-file right
package demo --sign --key pass@ --keyring sec.gpg -d out --passphrase-file -
package demo --sign --key pass@ --keyring sec.gpg -d out --passphrase-file - < correct horse
package demo v1 --sign --key pass@ --keyring sec.gpg -d out --passphrase-file - < correct horse\n
package demo --sign --key nobody --keyring sec.gpg -d out --passphrase-file nowhere
package demo --sign --key expired@ --keyring sec.gpg -d out
package demo --sign --key sub@ --keyring sec.gpg -d out
package v1 --sign --key dsa@ --keyring sec.gpg -d out
show chart ed/demo-0.1.0.tgz --verify --keyring pub.gpg
show chart ed/demo-0.1.0.tgz --verify --keyring rsa.gpg
show chart changed/demo-0.1.0.tgz --verify --keyring pub.gpg
show chart demo --verify --keyring pub.gpg
template renamed/alone.tgz --verify --keyring pub.gpg
template ed/demo-0.1.0.tgz --verify --keyring pub.gpg --show-only templates/service.yaml
show chart demo --repo BASE/ed --verify --keyring pub.gpg
show chart demo --repo BASE/ed --verify --keyring rsa.gpg
show chart demo --repo BASE/ed --verify
show chart demo --repo BASE/changed --verify --keyring pub.gpg
show chart demo --repo BASE/expired --verify --keyring pub.gpg
show chart demo --repo BASE/no-signature --verify --keyring pub.gpg
show chart demo --repo BASE/unsigned --verify --keyring pub.gpg
show chart BASE/ed/demo-0.1.0.tgz --verify --keyring pub.gpg
show chart BASE/unsigned/demo-0.1.0.tgz --verify --keyring pub.gpg
pull demo --repo BASE/ed --verify --keyring pub.gpg -d other
pull demo --repo BASE/ed --verify --keyring rsa.gpg -d other
pull demo --repo BASE/ed --prov -d other
pull demo --repo BASE/unsigned --prov -d other
pull demo --repo BASE/unsigned --verify --keyring pub.gpg -d other
pull demo --repo BASE/expired --verify --keyring pub.gpg -d other
pull BASE/changed/demo-0.1.0.tgz --verify --keyring pub.gpg -d other
pull demo --repo BASE/ed --verify --keyring pub.gpg -d other --untar --untardir below
repo add ed BASE/ed
repo add unsigned BASE/unsigned
pull ed/demo --verify --keyring pub.gpg
pull ed/demo --verify --keyring rsa.gpg
show chart ed/demo --verify --keyring pub.gpg
show chart unsigned/demo --verify --keyring pub.gpg
repo remove ed unsigned
dependency update parent --verify --keyring pub.gpg
dependency build parent --verify --keyring pub.gpg
dependency update parent --verify --keyring rsa.gpg
dependency build parent --verify --keyring rsa.gpg
dependency update parent-unsigned --verify --keyring pub.gpg
dependency update parent-unsigned
dependency build parent-unsigned --verify --keyring pub.gpg
dependency update parent-changed --verify --keyring pub.gpg
dependency update parent-changed
dependency build parent-changed --verify --keyring pub.gpg
";
