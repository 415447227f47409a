//! Which addresses may be asked. Whoever configures a source names an address, and the server asks it: it must not reach what
//! only the server may reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// Which addresses may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those on the public internet, by https.
    Public,
    /// All, also by http: the operator allows it.
    Everywhere,
}

/// IPv4 networks that are not the public internet (IANA's special-purpose registry, multicast, and what is reserved).
const NOT_PUBLIC: &[Ipv4Net] = &[
    net(Ipv4Addr::new(0, 0, 0, 0), 8),
    net(Ipv4Addr::new(10, 0, 0, 0), 8),
    net(Ipv4Addr::new(100, 64, 0, 0), 10),
    net(Ipv4Addr::new(127, 0, 0, 0), 8),
    net(Ipv4Addr::new(169, 254, 0, 0), 16),
    net(Ipv4Addr::new(172, 16, 0, 0), 12),
    net(Ipv4Addr::new(192, 0, 0, 0), 24),
    net(Ipv4Addr::new(192, 0, 2, 0), 24),
    net(Ipv4Addr::new(192, 88, 99, 0), 24),
    net(Ipv4Addr::new(192, 168, 0, 0), 16),
    net(Ipv4Addr::new(198, 18, 0, 0), 15),
    net(Ipv4Addr::new(198, 51, 100, 0), 24),
    net(Ipv4Addr::new(203, 0, 113, 0), 24),
    net(Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// Where all public IPv6 addresses are.
const GLOBAL: Ipv6Net = net6([0x2000, 0], 3);

/// What is not public there: protocol assignments with Teredo, documentation, 6to4.
const NOT_PUBLIC_V6: &[Ipv6Net] =
    &[net6([0x2001, 0], 23), net6([0x2001, 0x0db8], 32), net6([0x2002, 0], 16), net6([0x3fff, 0], 20)];

const fn net(address: Ipv4Addr, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(address, length)
}

const fn net6(first: [u16; 2], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first[0], first[1], 0, 0, 0, 0, 0, 0), length)
}

/// Whether an address is on the public internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !NOT_PUBLIC.iter().any(|net| net.contains(&address)),
        IpAddr::V6(address) => GLOBAL.contains(&address) && !NOT_PUBLIC_V6.iter().any(|net| net.contains(&address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for public in ["1.1.1.1", "172.15.255.255", "172.32.0.1", "100.63.255.255", "2606:4700::1111", "::ffff:8.8.8.8"]
        {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:0:1::1",
            "2001:db8::1",
            "ff02::1",
            "::127.0.0.1",
        ] {
            assert!(!is_public(private.parse().expect("an address")), "{private}");
        }
    }
}
