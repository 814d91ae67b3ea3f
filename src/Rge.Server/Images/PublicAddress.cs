using System.Net;
using System.Net.Sockets;

namespace Rge.Server.Images;

/// <summary>Distinguishes public addresses from those inside a network (IANA's registries of special-purpose addresses).</summary>
internal static class PublicAddress
{
    private static readonly IPNetwork[] SpecialV4 =
    [
        Network("0.0.0.0/8"),
        Network("10.0.0.0/8"),
        Network("100.64.0.0/10"),
        Network("127.0.0.0/8"),
        Network("169.254.0.0/16"),
        Network("172.16.0.0/12"),
        Network("192.0.0.0/24"),
        Network("192.0.2.0/24"),
        Network("192.88.99.0/24"),
        Network("192.168.0.0/16"),
        Network("198.18.0.0/15"),
        Network("198.51.100.0/24"),
        Network("203.0.113.0/24"),
        // Multicast, and what lies above it.
        Network("224.0.0.0/4"),
        Network("240.0.0.0/4"),
    ];

    // Loopback, link-local, unique-local, multicast and NAT64 addresses all lie outside.
    private static readonly IPNetwork GlobalUnicastV6 = Network("2000::/3");

    // Protocol assignments (Teredo among them), documentation, 6to4.
    private static readonly IPNetwork[] SpecialV6 =
    [
        Network("2001::/23"),
        Network("2001:db8::/32"),
        Network("2002::/16"),
        Network("3fff::/20"),
    ];

    /// <summary>True for a public address.</summary>
    public static bool Is(IPAddress address) =>
        address.AddressFamily switch
        {
            AddressFamily.InterNetwork => !Array.Exists(SpecialV4, network => network.Contains(address)),
            // Mapped ones first: a network of IPv6 compares them as IPv4, and so contains some of them.
            AddressFamily.InterNetworkV6 => !address.IsIPv4MappedToIPv6
                && GlobalUnicastV6.Contains(address)
                && !Array.Exists(SpecialV6, network => network.Contains(address)),
            _ => false,
        };

    private static IPNetwork Network(string text) => IPNetwork.Parse(text);
}
