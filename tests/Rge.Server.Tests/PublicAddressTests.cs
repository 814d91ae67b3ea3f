using System.Net;
using CsCheck;
using Rge.Server.Images;

namespace Rge.Server.Tests;

public sealed class PublicAddressTests
{
    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("93.184.215.14")]
    [InlineData("172.32.0.1")]
    [InlineData("192.0.3.1")]
    [InlineData("223.255.255.255")]
    [InlineData("2606:4700::1111")]
    [InlineData("2a00:1450:4001::1")]
    public void Public(string address) => Assert.True(PublicAddress.Is(IPAddress.Parse(address)));

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("127.255.255.255")]
    [InlineData("172.16.0.0")]
    [InlineData("192.0.2.1")]
    [InlineData("203.0.113.9")]
    [InlineData("240.0.0.1")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::808:808")]
    [InlineData("2002:808:808::")]
    [InlineData("2001:db8::1")]
    [InlineData("fe80::1%3")]
    public void Not_public(string address) => Assert.False(PublicAddress.Is(IPAddress.Parse(address)));

    [Fact]
    public void No_IPv4_address_is_reached_through_the_ranges_of_IPv6_that_carry_one() =>
        Gen
            .Byte.Array[4]
            .Sample(bytes =>
                (
                    (byte[][])
                        [
                            [.. new byte[10], 0xFF, 0xFF, .. bytes],
                            [.. new byte[12], .. bytes],
                            [0, 0x64, 0xFF, 0x9B, .. new byte[8], .. bytes],
                            [0x20, 0x02, .. bytes, .. new byte[10]],
                        ]
                ).All(carrier => !PublicAddress.Is(new IPAddress(carrier)))
            );
}
