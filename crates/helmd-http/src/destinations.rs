//! Which machines may be asked.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use url::Url;

/// Which machines may be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Destinations {
    /// All: for whoever runs a command on their own machine.
    #[default]
    Any,
    /// Those on the public network, and the named hosts (`host` or `host:port`) wherever they are: for servers, whose callers
    /// must not reach what only the server can.
    Public {
        /// Hosts that may have any address.
        allowed: Arc<[String]>,
    },
}

impl Destinations {
    /// Whether the host of a URL was named, or anybody may be asked.
    #[must_use]
    pub fn names(&self, url: &Url) -> bool {
        self.is_named(url.host_str().unwrap_or_default(), url.port_or_known_default())
    }

    /// Whether `host` was named, so that its addresses do not matter. A port counts where one was named.
    fn is_named(&self, host: &str, port: Option<u16>) -> bool {
        match self {
            Destinations::Any => true,
            Destinations::Public { allowed } => allowed.iter().any(|known| {
                let with_port = port.is_some_and(|port| known.eq_ignore_ascii_case(&format!("{host}:{port}")));
                known.eq_ignore_ascii_case(host) || with_port
            }),
        }
    }
}

/// Whether an address belongs to the public network: not to this machine, its links, a private network, the metadata services
/// of clouds, or a protocol's own range.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special =
        v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_multicast() || v4.is_documentation();
    let shared = a == 100 && (64..128).contains(&b);
    let protocols = (a, b, c) == (192, 0, 0) || (a == 198 && (18..20).contains(&b));
    !(special || shared || protocols || a == 0 || a >= 240)
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    // An IPv4 address in IPv6's clothes: mapped, translated (64:ff9b::/96), or by 6to4.
    let [s0, s1, s2, .., s6, s7] = v6.segments();
    let within = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    if let Some(v4) = v6.to_ipv4() {
        return is_public_v4(v4);
    }
    if (s0, s1) == (0x64, 0xff9b) {
        return is_public_v4(within(s6, s7));
    }
    if s0 == 0x2002 {
        return is_public_v4(within(s1, s2));
    }
    let local = (s0 & 0xfe00) == 0xfc00 || (s0 & 0xffc0) == 0xfe80 || (s0 & 0xffc0) == 0xfec0;
    !(local || v6.is_multicast() || (s0, s1) == (0x2001, 0xdb8))
}

/// Finds the addresses of names, and leaves out those that may not be asked: what is checked is what is connected to.
pub(crate) struct Resolver {
    pub(crate) destinations: Destinations,
    /// The URL names its host and port: all addresses will do. Here only the name would be known.
    pub(crate) named: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let named = self.named || self.destinations.is_named(name.as_str(), None);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let good: Vec<SocketAddr> = found.iter().copied().filter(|a| named || is_public(a.ip())).collect();
            if good.is_empty() && !found.is_empty() {
                return Err(Box::new(Refused) as Box<dyn std::error::Error + Send + Sync>);
            }
            Ok(Box::new(good.into_iter()) as Addrs)
        })
    }
}

/// A name has no address that may be asked.
#[derive(Debug, thiserror::Error)]
#[error("its address is not on the public network")]
pub(crate) struct Refused;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        let public = ["1.1.1.1", "8.8.8.8", "2606:4700::1", "::ffff:1.1.1.1", "64:ff9b::808:808"];
        let others = [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "ff02::1",
        ];
        assert!(public.iter().all(|text| is_public(text.parse().unwrap())));
        for text in others {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn named_hosts_may_be_asked() {
        let some = Destinations::Public { allowed: ["repo.local".to_owned(), "127.0.0.1:5000".to_owned()].into() };
        assert!(some.is_named("REPO.local", Some(80)) && some.is_named("127.0.0.1", Some(5000)));
        assert!(!some.is_named("127.0.0.1", Some(6443)) && !some.is_named("other", None));
        assert!(Destinations::Any.is_named("x", None));
    }
}
